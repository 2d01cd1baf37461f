#!/usr/bin/env python3
"""`millrace bench` says what it did: structure and counts. How fast it was is nobody's test.

Run as: bench_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import json
import os
import pty
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from broker_case import DEADLINE_S, DONE, FAILED, WRONG_USAGE, BrokerCase, wait_for  # noqa: E402

QUANTILES = ["p50", "p95", "p99", "p99_9", "max"]


class BenchTest(BrokerCase):
    def bench(self, *arguments):
        return json.loads(self.run_ok("bench", *arguments, "--json"))

    def end_of(self, topic):
        described = json.loads(self.run_ok("topic", "describe", topic, "-f", "json"))[0]
        return sum(partition["end"] for partition in described["partitions"])

    def check(self, found, bench, topic, records, value_bytes):
        self.assertEqual((found["bench"], found["topic"], found["records"], found["failed"], found["bytes"]),
                         (bench, topic, records, 0, records * value_bytes))
        latencies = [found["latency_us"][name] for name in QUANTILES]
        self.assertEqual(latencies, sorted(latencies))
        self.assertGreater(latencies[-1], 0)
        self.assertGreater(found["took_us"], 0)
        self.assertGreater(found["records_per_s"], 0)
        self.assertGreater(found["cpu_us"], 0)

    def test_produce_writes_as_many_as_it_says_and_consume_reads_them(self):
        self.run_ok("topic", "create", "speed", "-p", "3")
        found = self.bench("produce", "speed", "-n", "5000", "--warm-up", "0", "--value-bytes", "50")
        self.check(found, "produce", "speed", 5000, 50)
        self.assertEqual(found["latency_us"]["samples"], 50)
        self.assertEqual(self.end_of("speed"), 5000)

        self.check(self.bench("consume", "speed"), "consume", "speed", 5000, 50)
        self.check(self.bench("consume", "speed", "--warm-up", "0", "-n", "700"), "consume", "speed", 700, 50)

    def test_at_a_rate_every_record_is_timed_and_the_senders_lateness_is_said(self):
        self.run_ok("topic", "create", "paced")
        found = self.bench("produce", "paced", "-n", "300", "--rate", "1000", "--warm-up", "0", "--keys", "10")
        self.check({**found, "bytes": 30000}, "produce", "paced", 300, 100)
        self.assertEqual(found["bytes"], 300 * (100 + len("key-0")))
        self.assertEqual(found["latency_us"]["samples"], 300)
        self.assertGreaterEqual(found["sender_late_us"], 0)
        # The schedule is not overtaken.
        self.assertGreaterEqual(found["took_us"], 299_000)

    def test_the_warm_up_is_sent_and_not_counted(self):
        self.run_ok("topic", "create", "warm")
        found = self.bench("produce", "warm", "-n", "10", "--rate", "100", "--warm-up", "1")
        self.check(found, "produce", "warm", 10, 100)
        self.assertEqual(self.end_of("warm"), 110)

    def test_latency_delivers_what_it_sends(self):
        self.run_ok("topic", "create", "delays", "-p", "2")
        found = self.bench("latency", "delays", "-n", "200", "--rate", "500", "--warm-up", "1", "--value-bytes", "32")
        self.check(found, "latency", "delays", 200, 32)
        self.assertEqual(found["latency_us"]["samples"], 200)
        self.assertEqual(self.end_of("delays"), 500 + 200)

    def test_latency_passes_over_what_others_send_meanwhile(self):
        self.run_ok("topic", "create", "crowded")
        other = self.start("bench", "produce", "crowded", "--rate", "2000", "--seconds", "3000", "--warm-up", "0",
                           stdout=subprocess.DEVNULL)
        wait_for("the other's records", lambda: self.end_of("crowded") > 10)
        found = self.bench("latency", "crowded", "-n", "300", "--rate", "500", "--warm-up", "0")
        other.send_signal(signal.SIGINT)
        self.assertEqual(other.wait(DEADLINE_S), DONE)
        self.check(found, "latency", "crowded", 300, 100)
        self.assertGreater(self.end_of("crowded"), 300)

    def test_text_is_for_people_and_has_no_live_line_where_there_is_no_terminal(self):
        self.run_ok("topic", "create", "text")
        done = self.run_millrace("bench", "latency", "text", "-n", "100", "--rate", "100", "--warm-up", "0")
        self.assertEqual((done.returncode, done.stderr), (DONE, ""))
        self.assertRegex(done.stdout, r"^latency text: 100 records in [\d.]+ s\n"
                                      r"  rate     [\d,]+ records/s, [\d.]+ MB/s\n"
                                      r"  latency  p50 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms, p99.9 [\d.]+ ms, "
                                      r"max [\d.]+ ms: due to delivered\n"
                                      r"           of which the sender was late by [\d.]+ ms at most\n"
                                      r"  CPU      [\d.]+ s of this process, [\d.]+ us a record\n$")

    def test_on_a_terminal_a_line_lives_and_is_gone_at_the_end(self):
        self.run_ok("topic", "create", "live")
        ours, theirs = pty.openpty()
        process = self.start("bench", "produce", "live", "-n", "200", "--rate", "100", "--warm-up", "0",
                             stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        drawn = b""
        while True:
            try:
                drawn += os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
        os.close(ours)
        self.assertEqual(process.wait(DEADLINE_S), DONE)
        self.assertRegex(drawn.decode(), r"\rproducing \d+ s: [\d,]+ records/s, [\d.]+ MB/s, p99 [\d.]+ ms\x1b\[K")
        self.assertTrue(drawn.endswith(b"\r\x1b[K"), drawn)

    def test_a_signal_ends_the_measurement_and_shows_it(self):
        self.run_ok("topic", "create", "ended")
        process = self.start("bench", "produce", "ended", "--seconds", "3000", "--rate", "1000", "--warm-up", "0",
                             "--json", stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        wait_for("records", lambda: self.end_of("ended") > 10)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=DEADLINE_S)
        self.assertEqual(process.returncode, DONE)
        self.assertEqual(json.loads(out)["records"], self.end_of("ended"))

    def test_what_cannot_be_measured_is_said(self):
        self.run_ok("topic", "create", "empty")
        for arguments, code, complaint in [
                (["consume", "empty"], WRONG_USAGE, "wanted records in empty from earliest on, found none"),
                (["produce", "nowhere"], FAILED, "UNKNOWN_TOPIC_OR_PARTITION"),
                (["latency", "empty", "--value-bytes", "15"], WRONG_USAGE, "wanted --value-bytes 16 or more"),
                (["produce", "empty", "-X", "ack=1"], WRONG_USAGE, "acks"),
                (["latency", "empty", "-X", "nonsense=1"], WRONG_USAGE, "nonsense")]:
            done = self.run_millrace("bench", *arguments)
            self.assertEqual(done.returncode, code, (arguments, done.stderr))
            self.assertIn(complaint, done.stderr)
            self.assertEqual(done.stdout, "")

    def test_records_that_are_refused_are_not_counted_as_written(self):
        self.run_ok("topic", "create", "narrow", "-c", "max.message.bytes=1000")
        done = self.run_millrace("bench", "produce", "narrow", "-n", "5", "--warm-up", "0", "--value-bytes", "4000",
                                 "--json")
        self.assertEqual(done.returncode, FAILED, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual((found["records"], found["failed"]), (0, 5))
        self.assertIn("MESSAGE_TOO_LARGE", done.stderr)


if __name__ == "__main__":
    BrokerCase.binary = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
