#!/usr/bin/env python3
"""The process around the broker and the command line as a user meets it: ready line, signals, exit
codes, and what errors say.

Run as: up_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from broker_case import DONE, FAILED, WRONG_USAGE, BrokerCase, wait_for  # noqa: E402
from broker_process import BrokerProcess  # noqa: E402
from listener import Listener  # noqa: E402

BINARY = None
# A busy machine takes its time; a command that waited for its brokers would take a minute.
AT_ONCE_S = 20


def millrace(*arguments, stdin=None):
    return subprocess.run([BINARY, *arguments], text=True, input=stdin, capture_output=True,
                          timeout=90, check=False)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer_as_a_web_server(connection):
    """Reads a line, as web servers do, and complains."""
    with connection.makefile("rb") as lines:
        lines.readline()
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


class UpTest(unittest.TestCase):
    def test_prints_one_ready_line_and_stops_cleanly_on_either_signal(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with tempfile.TemporaryDirectory() as data:
                broker = BrokerProcess(BINARY, data_directory=data)
                broker.start()
                process = broker.process
                self.assertRegex(broker.ready_line,
                                 rf"^ready kafka={re.escape(broker.address)} data=\S+ in \d+ ms$")
                os.kill(process.pid, how)
                out, err = process.communicate(timeout=90)
                broker.process = None
                self.assertEqual((process.returncode, out, err), (DONE, "", ""))

    def test_several_brokers_say_all_their_addresses_and_that_there_are_no_copies(self):
        with BrokerProcess(BINARY, "--brokers", "3", "--rack", "a,b") as broker:
            self.assertEqual(len(broker.address.split(",")), 3)
            self.assertRegex(broker.ready_line, rf"^ready kafka={re.escape(broker.address)} data=\S+ in \d+ ms; "
                                                r"3 brokers over one log: no copies$")
            info = json.loads(millrace("cluster", "info", "--brokers", broker.address, "--format", "json").stdout)
        self.assertEqual([(node["broker"], node["rack"]) for node in info["brokers"]],
                         [(1, "a"), (2, "b"), (3, "a")])
        self.assertEqual([f"{node['host']}:{node['port']}" for node in info["brokers"]],
                         broker.address.split(","))

    def test_advertises_what_it_is_told_and_says_so(self):
        with BrokerProcess(BINARY, "--advertise", "proxy.example.org:19092") as broker:
            self.assertIn(f"ready kafka={broker.address} advertised=proxy.example.org:19092 data=", broker.ready_line)
            info = json.loads(millrace("cluster", "info", "--brokers", broker.address, "--format", "json").stdout)
        self.assertEqual([(node["host"], node["port"]) for node in info["brokers"]],
                         [("proxy.example.org", 19092)])

    def test_refuses_addresses_brokers_and_racks_that_cannot_be(self):
        for arguments, says in ((["--advertise", "0.0.0.0:9092"], "every address"), (["--advertise", "[::]:9092"], "every address"),
                                (["--advertise", "proxy:0"], "no port"), (["--advertise", "proxy"], "localhost:9092"),
                                (["--advertise", "proxy:65535", "--brokers", "2"], "65535 is the last"),
                                (["--brokers", "0"], "--brokers"), (["--brokers", "33"], "--brokers"),
                                (["--replication-factor", "2"], "wanted 1 to 1"), (["--rack", "a,,b"], "an empty one")):
            done = millrace("up", "--ephemeral", "--kafka", "127.0.0.1:0", *arguments)
            self.assertIn(done.returncode, (FAILED, WRONG_USAGE), arguments)
            self.assertIn(says, done.stderr, arguments)
            self.assertEqual(done.stdout, "", arguments)

    def test_says_that_a_port_is_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            done = millrace("up", "--ephemeral", "--kafka", address)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn(address, done.stderr)
        self.assertIn("in use", done.stderr)

    def test_says_that_a_data_directory_is_locked(self):
        with tempfile.TemporaryDirectory() as data:
            with BrokerProcess(BINARY, data_directory=data):
                done = millrace("up", "--data", data, "--kafka", "127.0.0.1:0")
        self.assertEqual(done.returncode, FAILED)
        self.assertIn(data, done.stderr)
        self.assertIn("--data", done.stderr)

    def test_compaction_gives_way_to_the_threads_that_serve_clients(self):
        with BrokerProcess(BINARY) as broker:
            wanted = min(10, 19 - os.getpriority(os.PRIO_PROCESS, 0))  # 19 is the last place
            wait_for("the log cleaner to give way", lambda: self.nice_by_thread(broker).get("log-cleaner") == wanted)
            self.assertEqual({nice for name, nice in self.nice_by_thread(broker).items() if name != "log-cleaner"}, {0})

    @staticmethod
    def nice_by_thread(broker):
        """How much further back each thread stands than this process."""
        own = os.getpriority(os.PRIO_PROCESS, 0)
        threads = Path(f"/proc/{broker.process.pid}/task").iterdir()
        return {(thread / "comm").read_text().strip(): os.getpriority(os.PRIO_PROCESS, int(thread.name)) - own
                for thread in threads}

    def test_an_ephemeral_broker_leaves_nothing_behind(self):
        broker = BrokerProcess(BINARY)
        broker.start()
        data = Path(re.search(r"data=(\S+)", broker.ready_line).group(1))
        self.assertTrue(data.exists())
        broker.stop()
        self.assertFalse(data.exists())

    def test_opens_as_many_files_as_the_hard_limit_allows(self):
        def start_with(soft, hard):
            return BrokerProcess(BINARY, preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)))
        create = ("topic", "create", "wide", "-p", "300", "--brokers")
        with start_with(128, 1024) as broker:
            self.assertEqual(millrace(*create, broker.address).stdout, "created wide\n")
        with start_with(128, 128) as broker:
            refused = millrace(*create, broker.address)
            self.assertEqual(refused.returncode, FAILED, refused)
            self.assertIn("Too many open files", refused.stderr)
            self.assertIn("ulimit -n", refused.stderr)

    def test_dies_with_its_parent(self):
        with tempfile.TemporaryDirectory() as scratch:
            port_file = Path(scratch) / "port"
            parent = subprocess.Popen(
                ["bash", "-c", f"'{BINARY}' up --ephemeral --kafka 127.0.0.1:0 --die-with-parent "
                               f"--port-file '{port_file}' & echo $!; sleep 100"],
                stdout=subprocess.PIPE, text=True)
            child = int(parent.stdout.readline())
            deadline = time.monotonic() + 90
            while not port_file.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            parent.kill()
            parent.communicate()
            while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
                # An orphan that nobody has waited for yet is a zombie, but it has ended.
                if re.search(r"^State:\s+Z", Path(f"/proc/{child}/status").read_text(), re.MULTILINE):
                    break
                time.sleep(0.01)
            self.assertLess(time.monotonic(), deadline, "the broker outlived its parent")


class ErrorTest(unittest.TestCase):
    def test_no_broker_is_reported_at_once_with_the_next_command(self):
        address = f"127.0.0.1:{free_port()}"
        for command in (["topic", "list"], ["cluster", "info"], ["consume", "t"], ["group", "list"],
                        ["produce", "t"], ["demo", "--lines", "1"]):
            started = time.monotonic()
            done = millrace(*command, "--brokers", address, stdin="")
            self.assertEqual(done.returncode, FAILED, command)
            self.assertIn(address, done.stderr)
            self.assertIn("is a broker running? start one: millrace up", done.stderr)
            self.assertLess(time.monotonic() - started, AT_ONCE_S, command)

    def test_a_port_that_is_no_brokers_is_reported_at_once_with_what_it_said(self):
        for answer, reason, seconds in [(answer_as_a_web_server, "announces 1213486160 bytes", AT_ONCE_S),
                                        (socket.socket.close, "does not speak Kafka's protocol", AT_ONCE_S),
                                        (lambda connection: None, "gave no answer within", AT_ONCE_S + 5)]:
            with Listener(answer) as impostor:
                for command in (["topic", "list"], ["produce", "t"], ["demo", "--lines", "1"]):
                    if seconds > AT_ONCE_S and command != ["topic", "list"]:
                        continue  # waits that prove nothing new
                    started = time.monotonic()
                    done = millrace(*command, "--brokers", impostor.address, stdin="")
                    self.assertEqual((done.returncode, done.stdout), (FAILED, ""), command)
                    self.assertIn(reason, done.stderr)
                    self.assertIn(impostor.address, done.stderr)
                    self.assertIn("without TLS", done.stderr)
                    self.assertNotIn("topics are left", done.stderr)
                    self.assertLess(time.monotonic() - started, seconds, command)

    def test_a_broker_behind_one_that_is_none_is_found(self):
        with Listener(socket.socket.close) as impostor, BrokerProcess(BINARY) as broker:
            done = millrace("topic", "list", "--brokers", f"{impostor.address},{broker.address}")
            self.assertEqual(done.returncode, DONE, done.stderr)
            # Where all takes more than a second and a half, a warning of the impostor comes before.
            self.assertEqual(done.stderr.splitlines()[-1], "no topics")

    def test_brokers_that_are_no_addresses_are_named_as_the_option(self):
        for command in (["topic", "list"], ["produce", "t"], ["consume", "t"], ["demo", "--lines", "1"]):
            for brokers, found in [("", 'found ""'), (" , ", 'found " , "'), ("nonsense", "nonsense")]:
                done = millrace(*command, "-b", brokers, stdin="")
                self.assertEqual(done.returncode, WRONG_USAGE, (command, brokers, done.stderr))
                self.assertIn("--brokers", done.stderr)
                self.assertIn(found, done.stderr)
                self.assertNotIn("bootstrap.servers", done.stderr)

    def test_wrong_usage_is_exit_code_2_and_says_what_was_wanted(self):
        for arguments, complaint in [
                ([], "wanted a command: up, demo, topic"),
                (["tpoic", "list"], 'no command "tpoic": did you mean topic?'),
                (["topic", "--bogus", "list"], "wanted a command, found the option --bogus"),
                (["topic", "crate", "x"], 'no command "crate": did you mean create?'),
                (["topic", "create"], "TOPIC is required"),
                (["topic", "list", "--format", "xml"], "wanted one of text, wide, json, yaml"),
                (["up", "--data", "x", "--ephemeral"], "--ephemeral"),
                (["up", "--kafka", "nonsense"], "nonsense"),
                (["consume", "t", "--from", "yesterday"], "wanted --from earliest"),
                (["consume", "t", "--print", "colour"], "colour"),
                (["produce", "t", "-X", "ack=all"], "acks"),
                (["produce", "t", "-X", "acks=many"], "many")]:
            done = millrace(*arguments, stdin="")
            self.assertEqual(done.returncode, WRONG_USAGE, (arguments, done.stderr))
            self.assertIn(complaint, done.stderr, arguments)
            self.assertEqual(done.stdout, "")

    def test_every_command_has_help_with_an_example(self):
        for path in [["up"], ["demo"], ["topic", "create"], ["topic", "list"], ["topic", "describe"],
                     ["topic", "delete"], ["produce"], ["consume"], ["group", "list"],
                     ["group", "describe"], ["cluster", "info"], ["completion", "bash"]]:
            done = millrace(*path, "--help")
            self.assertEqual(done.returncode, DONE)
            self.assertIn(f"Usage: millrace {' '.join(path)}", done.stdout)
            self.assertRegex(done.stdout, r"Example:\n  .*millrace ", path)


class CommandTest(BrokerCase):
    def test_a_topic_is_made_listed_described_and_deleted(self):
        self.assertEqual(self.run_ok("topic", "create", "life", "-p", "3", "-c", "retention.ms=-1"),
                         "created life\n")
        listed = json.loads(self.run_ok("topic", "list", "-f", "json"))
        self.assertIn(("life", 3), [(topic["name"], topic["partitions"]) for topic in listed])
        self.run_ok("produce", "life", "-q", stdin="a\nb\n")
        described = json.loads(self.run_ok("topic", "describe", "life", "-f", "json"))[0]
        self.assertEqual(sum(p["end"] - p["start"] for p in described["partitions"]), 2)
        configs = {c["config"]: c for c in described["configs"]}
        self.assertEqual(configs["retention.ms"]["value"], "-1")
        self.assertFalse(configs["retention.ms"]["default"])
        self.assertRegex(self.run_ok("topic", "describe", "life"), r"retention\.ms +-1 +no")

        again = self.run_millrace("topic", "create", "life")
        self.assertEqual(again.returncode, FAILED)
        self.assertIn("TOPIC_ALREADY_EXISTS", again.stderr)
        self.assertEqual(self.run_ok("topic", "create", "life", "--if-not-exists"), "exists life\n")

        self.assertEqual(self.run_ok("topic", "delete", "life"), "deleted life\n")
        gone = self.run_millrace("topic", "describe", "life")
        self.assertEqual(gone.returncode, FAILED)
        self.assertIn("millrace topic list", gone.stderr)

    def test_a_topic_name_that_kafka_refuses_is_refused(self):
        refused = self.run_millrace("topic", "create", "no/slash")
        self.assertEqual(refused.returncode, FAILED)
        self.assertIn("INVALID_TOPIC_EXCEPTION", refused.stderr)

    def test_records_come_back_with_keys_headers_and_from_where_asked(self):
        self.run_ok("produce", "story", "-q", "-K", ":", "-H", "source=test", "--tombstone", "GONE",
                    stdin="a:1\nb:2\nc:GONE\n")
        self.assertEqual(self.run_ok("consume", "story", "-e", "--print", "offset,key,value,headers"),
                         "0\ta\t1\tsource=test\n1\tb\t2\tsource=test\n2\tc\tnull\tsource=test\n")
        self.assertEqual(self.run_ok("consume", "story", "-n", "1", "--from", "1"), "2\n")
        self.assertEqual(self.run_ok("consume", "story", "-e", "--from", "latest"), "")
        self.assertEqual(self.run_ok("consume", "story", "-e", "--from", "2001-01-01", "--print", "key"),
                         "a\nb\nc\n")
        rows = [json.loads(line) for line in
                self.run_ok("consume", "story", "-e", "-f", "json").splitlines()]
        self.assertIsNone(rows[2]["value"])
        self.assertEqual(rows[0]["headers"], [{"name": "source", "value": "test"}])

    def test_a_group_goes_on_where_it_stopped(self):
        self.run_ok("produce", "queue", "-q", stdin="1\n2\n3\n4\n5\n")
        self.assertEqual(self.run_ok("consume", "queue", "-g", "workers", "-n", "2"), "1\n2\n")
        described = json.loads(self.run_ok("group", "describe", "workers", "-f", "json"))[0]
        self.assertEqual(described["lag"], 3)
        self.assertEqual(self.run_ok("consume", "queue", "-g", "workers", "-e"), "3\n4\n5\n")
        self.assertIn("workers", self.run_ok("group", "list"))

    def test_records_of_a_partition_without_a_commit_are_lag(self):
        self.run_ok("topic", "create", "halves", "-p", "3")
        self.run_ok("produce", "halves", "-q", "-p", "0", stdin="x\n" * 10)
        self.run_ok("consume", "halves", "-g", "half", "-n", "10")
        self.run_ok("produce", "halves", "-q", "-p", "1", stdin="x\n" * 50)
        described = json.loads(self.run_ok("group", "describe", "half", "-f", "json"))[0]
        self.assertEqual(described["lag"], 50)
        self.assertEqual([(row["partition"], row["committed"], row["end"], row["lag"]) for row in described["offsets"]],
                         [(0, 10, 10, 0), (1, None, 50, 50), (2, None, 0, 0)])
        self.assertRegex(self.run_ok("group", "describe", "half"), r"halves +1 +- +50 +50 +-")

    def test_an_empty_listing_says_so_beside_the_output(self):
        with BrokerProcess(BINARY) as broker:
            for kind in ("topic", "group"):
                listed = millrace(kind, "list", "--brokers", broker.address)
                self.assertEqual((listed.stdout, listed.stderr), ("", f"no {kind}s\n"))
                self.assertEqual(millrace(kind, "list", "-f", "json", "--brokers",
                                          broker.address).stdout, "[]\n")

    def test_an_offset_outside_the_log_is_refused_with_the_range_there_is(self):
        self.run_ok("produce", "short", "-q", stdin="a\nb\n")
        for start in ("3", "999999999"):
            refused = self.run_millrace("consume", "short", "-e", "--from", start)
            self.assertEqual((refused.returncode, refused.stdout), (WRONG_USAGE, ""))
            self.assertIn(f"wanted --from 0 to 2 in short-0, found {start}", refused.stderr)
        self.assertEqual(self.run_ok("consume", "short", "-e", "--from", "2"), "")

    def test_a_partition_that_is_not_there_is_refused(self):
        self.run_ok("produce", "narrow", "-q", stdin="a\n")
        refused = self.run_millrace("consume", "narrow", "-e", "-p", "7")
        self.assertEqual(refused.returncode, WRONG_USAGE)
        self.assertIn("wanted --partition 0 to 0 of narrow, found 7", refused.stderr)

    def test_a_group_commits_nothing_of_what_a_closed_pipe_did_not_take(self):
        lines = "".join(f"{n} {'x' * 1000}\n" for n in range(20000))
        self.run_ok("produce", "torrent", "-q", stdin=lines)
        reader = subprocess.Popen([BINARY, "consume", "torrent", "-g", "impatient", "-e"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=self.environment)
        self.assertTrue(os.read(reader.stdout.fileno(), 10).startswith(b"0 x"))
        reader.stdout.close()
        self.assertEqual((reader.wait(30), reader.stderr.read()), (DONE, b""))
        reader.stderr.close()
        rest = self.run_ok("consume", "torrent", "-g", "impatient", "-e").splitlines()
        self.assertGreater(len(rest), 15000)
        self.assertEqual(rest[-1].split()[0], "19999")

    def test_output_that_cannot_be_written_is_a_failure(self):
        self.run_ok("produce", "full", "-q", stdin="x\n")
        with open("/dev/full", "w", encoding="utf-8") as full:
            for command in (["consume", "full", "-e"], ["topic", "list"]):
                done = subprocess.run([BINARY, *command], stdout=full, stderr=subprocess.PIPE,
                                      text=True, timeout=90, check=False,
                                      env=self.environment)
                self.assertEqual(done.returncode, FAILED, command)
                self.assertIn("No space left", done.stderr)

    def test_input_that_cannot_be_read_is_a_failure(self):
        with tempfile.TemporaryDirectory() as folder:
            refused = self.run_millrace("produce", "unread", "-F", folder)
            self.assertEqual(refused.returncode, FAILED)
            self.assertIn("Is a directory", refused.stderr)
        closed = subprocess.run(["sh", "-c", '"$0" produce unread <&-', BINARY], text=True,
                                capture_output=True, timeout=90, check=False,
                                env=self.environment)
        self.assertEqual(closed.returncode, FAILED)
        self.assertIn("Bad file descriptor", closed.stderr)

    def test_a_time_after_all_records_is_said_to_be(self):
        self.run_ok("produce", "past", "-q", stdin="x\n")
        late = self.run_millrace("consume", "past", "-e", "--from", "2999-01-01")
        self.assertEqual((late.returncode, late.stdout), (DONE, ""))
        self.assertIn("no record is from 2999-01-01T00:00:00.000Z or later", late.stderr)

    def test_reading_a_topic_that_is_not_there_fails_and_does_not_make_it(self):
        missing = self.run_millrace("consume", "nowhere", "-e")
        self.assertEqual(missing.returncode, FAILED)
        self.assertIn("nowhere", missing.stderr)
        self.assertNotIn("nowhere", self.run_ok("topic", "list"))

    def test_a_consumer_ends_cleanly_on_a_signal(self):
        self.run_ok("produce", "endless", "-q", stdin="x\n")
        reader = subprocess.Popen([BINARY, "consume", "endless"], stdout=subprocess.PIPE, text=True,
                                  env=self.environment)
        self.assertEqual(reader.stdout.readline(), "x\n")
        os.kill(reader.pid, signal.SIGINT)
        self.assertEqual(reader.wait(20), DONE)
        reader.stdout.close()

    def test_the_cluster_says_who_it_is(self):
        info = json.loads(self.run_ok("cluster", "info", "-f", "json"))
        self.assertEqual(len(info["cluster_id"]), 22)
        broker = info["brokers"][0]
        self.assertEqual(f"{broker['host']}:{broker['port']}", self.broker.address)

    def test_completion_knows_commands_options_and_choices(self):
        script = self.run_ok("completion", "bash")
        probe = script + r'''
complete_line() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _millrace; echo "${COMPREPLY[@]}"; }
complete_line millrace to
complete_line millrace topic cr
complete_line millrace topic list --format j
complete_line millrace consume x --fr
'''
        done = subprocess.run(["bash", "-c", probe], text=True, capture_output=True, check=True)
        self.assertEqual(done.stdout.splitlines(), ["topic", "create", "json", "--from"])


if __name__ == "__main__":
    BINARY = BrokerCase.binary = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
