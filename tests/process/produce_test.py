#!/usr/bin/env python3
"""`millrace produce` says the fate of every line: when it is known, and in its count at the end.

Run as: produce_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from broker_case import DEADLINE_S, DONE, FAILED, WRONG_USAGE, BrokerCase, wait_for  # noqa: E402
from broker_process import BrokerProcess  # noqa: E402


def stands_still(pid):
    """Whether all threads of a process have met its SIGSTOP."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return all(thread.joinpath("stat").read_text().rsplit(")", 1)[1].split()[0] == "T" for thread in threads)


class ProduceTest(BrokerCase):
    def start_producer(self, *arguments):
        return self.start_millrace("produce", *arguments)

    def start_millrace(self, *arguments):
        process = self.start(*arguments, text=True, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.stderr.close)
        return process

    def write(self, process, text):
        process.stdin.write(text)
        process.stdin.flush()

    def read_line(self, process):
        """A line of what it says, in time; a process that says nothing is ended."""
        timer = threading.Timer(DEADLINE_S, process.kill)
        timer.start()
        line = process.stderr.readline()
        timer.cancel()
        return line

    def consume(self, topic, *arguments):
        return self.run_millrace("consume", topic, "-e", *arguments).stdout

    def test_a_refused_line_is_said_with_its_number_while_the_input_is_open(self):
        self.run_millrace("topic", "create", "small", "-c", "max.message.bytes=1000")
        writer = self.start_producer("small")
        self.write(writer, "good0\n" + "x" * 4000 + "\n")
        said = self.read_line(writer)
        self.assertRegex(said, r"^millrace: line 2 was not written: .*MESSAGE_TOO_LARGE")
        self.assertIsNone(writer.poll())
        self.write(writer, "good1\ngood2\n")
        out, err = writer.communicate(timeout=DEADLINE_S)
        self.assertEqual((writer.returncode, err), (FAILED, "produced 3 records to small; not written: 1\n"))
        self.assertEqual(self.consume("small"), "good0\ngood1\ngood2\n")

    def test_what_brokers_refuse_is_said_while_it_is_waited_for(self):
        def with_small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
        with BrokerProcess(self.binary, preexec=with_small_files) as broker:
            at = ("-b", broker.address)
            self.run_ok("topic", "create", "wide", "-p", "20", *at)
            for number in range(100):  # until the metadata log is full
                made = self.run_millrace("topic", "create", f"narrow{number}", "-p", "1", *at)
                if made.returncode != DONE:
                    break
            for arguments, line, says in (
                    (("produce", "wide", "--partition", "0", "-X", "enable.idempotence=false", *at), "x" * 60_000,
                     r"Produce to wide-0 is refused: KAFKA_STORAGE_ERROR"),
                    (("consume", "wide", "-g", "g", *at), "", r"(of|for) group g is refused: [A-Z_]+; trying on"),
                    (("produce", "wide", "--transactional-id", "T", *at), "x",
                     r"(of|for) transactional id T is refused: [A-Z_]+; trying on")):
                with self.subTest(says):
                    waits = self.start_millrace(*arguments)
                    self.write(waits, line + "\n")
                    self.assertRegex(self.read_line(waits), says)
                    waits.kill()
                    waits.wait()

    def test_what_nobody_confirms_is_not_called_produced(self):
        self.run_ok("topic", "create", "unconfirmed", "-c", "max.message.bytes=1000")
        done = self.run_millrace("produce", "unconfirmed", "-X", "acks=0", "-X", "enable.idempotence=false",
                                 stdin="x" * 4000 + "\n")
        self.assertEqual(done.returncode, DONE)
        self.assertIn("sent 1 records to unconfirmed; with acks=0 nobody says", done.stderr)

    def test_every_refused_line_is_counted_and_those_that_are_fine_are_written(self):
        self.run_millrace("topic", "create", "mixed", "-c", "max.message.bytes=1000")
        lines = [("x" * 2000 if n % 7 == 0 else f"good{n}") for n in range(1, 701)]
        done = self.run_millrace("produce", "mixed", stdin="".join(line + "\n" for line in lines))
        self.assertEqual(done.returncode, FAILED)
        said = done.stderr.splitlines()
        self.assertEqual(said[-1], "produced 600 records to mixed; not written: 100")
        self.assertIn("MESSAGE_TOO_LARGE", said[0])
        self.assertEqual(self.consume("mixed").split(), [line for line in lines if line.startswith("good")])

    def test_a_line_that_is_too_large_for_the_client_does_not_keep_the_next_from_being_sent(self):
        done = self.run_millrace("produce", "huge", "-X", "max.request.size=2000", stdin=f"a\n{'x' * 4000}\nb\n")
        self.assertEqual(done.returncode, FAILED)
        self.assertRegex(done.stderr, r"^millrace: line 2 was not written: .*2000.*\n"
                                      r"produced 2 records to huge; not written: 1\n$")
        self.assertEqual(self.consume("huge"), "a\nb\n")

    def test_quiet_leaves_the_summary_out_and_not_the_refusals(self):
        self.run_millrace("topic", "create", "quiet", "-c", "max.message.bytes=1000")
        done = self.run_millrace("produce", "quiet", "-q", stdin="x" * 4000 + "\ngood\n")
        self.assertEqual(done.returncode, FAILED)
        self.assertRegex(done.stderr, r"^millrace: line 1 was not written: [^\n]*MESSAGE_TOO_LARGE[^\n]*\n$")

    def test_a_line_without_its_separator_ends_it_and_what_came_before_is_counted(self):
        done = self.run_millrace("produce", "keyed", "-K", ":", stdin="a:1\nb:2\nno key\nc:3\n")
        self.assertEqual(done.returncode, WRONG_USAGE)
        self.assertEqual(done.stderr, 'millrace: line 3: wanted a key, ":" and a value, found "no key"\n'
                                      "produced 2 records to keyed\n")

    def test_lines_that_a_broker_does_not_answer_are_not_acknowledged(self):
        with BrokerProcess(self.binary) as broker:
            self.run_millrace("topic", "create", "t", "-b", broker.address)
            writer = self.start_producer("t", "-b", broker.address, "-X", "delivery.timeout.ms=600",
                                "-X", "request.timeout.ms=500", "-X", "linger.ms=0")
            self.write(writer, "first\n")
            wait_for("the first line", lambda: self.consume("t", "-b", broker.address) == "first\n")
            broker.stop(signal.SIGKILL)
            self.write(writer, "second\n")
            self.assertRegex(self.read_line(writer), "^millrace: line 2 was not (acknowledged|written): ")
            out, err = writer.communicate(timeout=DEADLINE_S)
            self.assertEqual((writer.returncode, err), (FAILED, "produced 1 records to t; not written: 1\n"))

    def test_a_signal_ends_the_input_and_what_was_read_is_written(self):
        for how in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            topic = f"signal-{how}"
            writer = self.start_producer(topic, "-X", "linger.ms=60000")  # the batch would wait for a minute
            self.write(writer, "one\ntwo\nhal")
            wait_for("the topic", lambda: topic in self.run_ok("topic", "list").split())
            os.kill(writer.pid, how)
            self.assertEqual(writer.wait(DEADLINE_S), DONE)
            self.assertEqual(writer.stderr.read(), f"produced 2 records to {topic}\n")
            self.assertEqual(self.consume(topic), "one\ntwo\n")

    def test_a_signal_aborts_the_transaction_that_is_open(self):
        self.run_ok("topic", "create", "cut")
        writer = self.start_producer("cut", "--transactional-id", "cut", "--transaction-records", "2")
        self.write(writer, "one\ntwo\nthree\n")
        wait_for("the third line", lambda: self.consume("cut") == "one\ntwo\nthree\n")
        writer.send_signal(signal.SIGTERM)
        self.assertEqual(writer.wait(DEADLINE_S), FAILED)
        self.assertEqual(writer.stderr.read().splitlines()[-1], "produced 2 records to cut; not written: 1")
        self.assertEqual(self.consume("cut", "--read-committed"), "one\ntwo\n")

    def test_one_transaction_may_hold_all_of_the_input(self):
        self.run_ok("topic", "create", "whole")
        lines = "".join(f"{number}\n" for number in range(2500))
        broken = self.run_millrace("produce", "whole", "-K", ":", "-k", "all", "--transactional-id", "whole",
                                   "--transaction-records", "0", "-f", "json", stdin='{"value":"1"}\n2\n')
        self.assertEqual(broken.returncode, WRONG_USAGE)  # json has no key separator
        broken = self.run_millrace("produce", "whole", "--transactional-id", "whole", "--transaction-records", "0",
                                   "-f", "json", stdin='{"value":"1"}\n2\n')
        self.assertEqual(broken.returncode, WRONG_USAGE)
        self.assertRegex(broken.stderr, r"line 2: column \d+: wanted an object with the fields of a record, found")
        done = self.run_millrace("produce", "whole", "--transactional-id", "whole", "--transaction-records", "0",
                                 stdin=lines)
        self.assertEqual((done.returncode, done.stderr), (DONE, "produced 2500 records to whole\n"))
        self.assertEqual(self.consume("whole", "--read-committed"), lines)

    def test_json_says_where_a_record_goes_and_when_it_was_unless_the_options_do(self):
        self.run_ok("topic", "create", "placed", "-p", "3")
        line = '{"value":"v","key":"k","partition":1,"timestamp":7,"headers":[{"name":"a","value":"1"}]}\n'
        self.run_ok("produce", "placed", "-q", "-f", "json", "-H", "b=2", "-H", "c", "--timestamp", "@9",
                    stdin=line + '{"value":null,"partition":1}\n')
        self.run_ok("produce", "placed", "-q", "-f", "json", "-p", "2", stdin=line)
        self.assertEqual(self.consume("placed", "-p", "1", "-Z", "-f", r"%T %k=%s %h\n"),
                         "7 k=v a=1,b=2,c=NULL\n9 NULL=NULL b=2,c=NULL\n")
        self.assertEqual(self.consume("placed", "-p", "2", "-f", r"%T %k=%s %h\n"), "7 k=v a=1\n")
        outside = self.run_millrace("produce", "placed", "-f", "json", stdin='{"value":"v","partition":3}\n')
        self.assertEqual(outside.returncode, WRONG_USAGE)
        self.assertIn("line 1 was not acknowledged: topic placed has partitions 0 to 2, not 3", outside.stderr)

    def test_options_that_make_no_sense_together_are_refused_before_anything_is_sent(self):
        self.run_ok("topic", "create", "options")
        for arguments, complaint in [
                (["-f", "json", "-K", ":"], "with --format text only"), (["-f", "json", "-Z"], "for lines that cannot say null"),
                (["-f", "xml"], "wanted --format text, json or a format string"), (["-f", "%K%s"], "found a length"),
                (["-f", "%s", "-k", "x"], "with --format text only"),
                (["-D", ""], "wanted a --delimiter"), (["-D", r"\q"], "wanted one of"), (["-K", ""], "wanted a --key-sep"),
                (["-H", "=x"], "wanted --header name=value"), (["--timestamp", "5"], "wanted --timestamp as a UTC time"),
                (["--timestamp", "noon"], "wanted --timestamp as a UTC time")]:
            done = self.run_millrace("produce", "options", *arguments, stdin="x\n")
            self.assertEqual(done.returncode, WRONG_USAGE, (arguments, done.stderr))
            self.assertIn(complaint, done.stderr)
        for arguments, complaint in [
                (["-f", "xml"], "wanted --format text, json or a format string"),
                (["-f", "%v"], "--format, column 1: wanted one of %t"),
                (["-f", "%s", "--print", "key"], "with --format text only"), (["-f", "json", "-K", ":"], "text only"),
                (["-Z"], "wanted --null with a format string"), (["-D", r"\q"], "--delimiter: wanted one of"),
                (["-o", "stored"], "-N for the last N")]:
            done = self.run_millrace("consume", "options", "-e", *arguments)
            self.assertEqual(done.returncode, WRONG_USAGE, (arguments, done.stderr))
            self.assertIn(complaint, done.stderr)
        self.assertEqual(self.consume("options"), "")

    def test_a_format_string_reads_back_what_it_wrote(self):
        for topic in ("written", "read"):
            self.run_ok("topic", "create", topic, "-p", "2")
        self.run_ok("produce", "written", "-q", "-f", "json", stdin=(
            '{"value":"a: b","key":"k","partition":1,"timestamp":5,"headers":[{"name":"h","value":null}]}\n'
            '{"value":"","key":"","partition":0,"timestamp":6}\n'))
        everything = r"%p %T %k: {%h} %s\n"
        lines = self.consume("written", "-f", everything)
        self.run_ok("produce", "read", "-q", "-f", everything, stdin=lines)
        self.assertEqual(self.consume("read", "-f", everything), lines)
        self.assertEqual(sorted(lines.splitlines()), ["0 6 : {} ", "1 5 k: {h=NULL} a: b"])
        broken = self.run_millrace("produce", "read", "-f", "%p %s", stdin="0 fine\nx bad\n")
        self.assertEqual((broken.returncode, broken.stderr),
                         (WRONG_USAGE, 'millrace: line 2: column 1: wanted a partition from 0 to 2147483647, found "x"\n'
                                       "produced 1 records to read\n"))

    def test_lines_may_end_as_the_delimiter_says(self):
        self.run_ok("produce", "ends", "-q", "-D", r"\x1e\n", "-K", r"\t", stdin="a\t1\n2\x1e\nb\t3")
        self.assertEqual(self.consume("ends", "-K", "=", "-D", ";"), "a=1\n2;b=3;")

    def test_a_signal_while_the_last_lines_are_under_way_waits_for_their_fate(self):
        with BrokerProcess(self.binary) as broker:
            self.run_ok("topic", "create", "t", "-b", broker.address)
            writer = self.start_producer("t", "-b", broker.address, "-X", "delivery.timeout.ms=2000",
                                         "-X", "request.timeout.ms=1000", "-X", "linger.ms=0")
            self.write(writer, "first\n")
            wait_for("the first line", lambda: self.consume("t", "-b", broker.address) == "first\n")
            broker.process.send_signal(signal.SIGSTOP)
            try:
                wait_for("the stop", lambda: stands_still(broker.process.pid))
                writer.stdin.write("second\n")
                writer.stdin.close()
                # The one that meets the end of the input is no different from those after it.
                while writer.poll() is None:
                    writer.send_signal(signal.SIGTERM)
                    time.sleep(0.02)
            finally:
                broker.process.send_signal(signal.SIGCONT)
            self.assertEqual(writer.returncode, FAILED)
            # The stop may have come between the first line's place in the log and the answer.
            self.assertIn(writer.stderr.read().splitlines()[-1],
                          ("produced 1 records to t; not written: 1", "produced 0 records to t; not written: 2"))


if __name__ == "__main__":
    BrokerCase.binary = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
