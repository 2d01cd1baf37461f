#!/usr/bin/env python3
"""`millrace demo` as a process, held against answers that no code of ours made.

Run as: demo_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import collections
import datetime
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
from broker_process import BrokerProcess  # noqa: E402

BINARY = None
DATA = Path(__file__).resolve().parents[3] / "shared/data"
LINE = re.compile(rb'^(\S+) \S+ \S+ \[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "[^"]*" (\d{3}) (\d+|-) "[^"]*" "[^"]*"?$')


def run_demo(*arguments):
    return subprocess.run([BINARY, "demo", *arguments], text=True, capture_output=True, timeout=120,
                          check=True)


def topics_of(broker):
    return subprocess.run([BINARY, "topic", "list", "-b", broker.address], text=True, capture_output=True,
                          check=True).stdout


def is_text(line):
    try:
        line.decode()
        return True
    except UnicodeDecodeError:
        return False


def count(lines):
    """The two files that `--out` writes, made the obvious way; and how many lines do not parse."""
    requests, sizes, minutes = collections.Counter(), collections.Counter(), collections.Counter()
    refused = 0
    for line in lines:
        match = LINE.match(line)
        if not match or not is_text(line):
            refused += 1
            continue
        status, size = int(match[3]), 0 if match[4] == b"-" else int(match[4])
        time = datetime.datetime.strptime(match[2].decode(), "%d/%b/%Y:%H:%M:%S %z")
        requests[status] += 1
        sizes[status] += size
        minutes[int(time.timestamp()) // 60 * 60_000, status] += 1
    by_status = "status\trequests\tbytes\n" + "".join(
        f"{status}\t{requests[status]}\t{sizes[status]}\n" for status in sorted(requests))
    by_minute = "window_start_ms\tstatus\trequests\n" + "".join(
        f"{start}\t{status}\t{minutes[start, status]}\n" for start, status in sorted(minutes))
    return by_status, by_minute, refused


class DemoTest(unittest.TestCase):
    def test_equals_the_independent_answers_of_a_real_log(self):
        if not (DATA / "apache_access.log").exists():
            self.skipTest(f"wanted {DATA}/apache_access.log, found nothing there")
        with tempfile.TemporaryDirectory() as out:
            done = run_demo("--input", str(DATA / "apache_access.log"), "--out", out)
            for name in ("access_by_status.tsv", "access_by_minute_status.tsv"):
                self.assertEqual((Path(out) / name).read_text(),
                                 (DATA / "expected" / name).read_text(), name)
        self.assertIn("10,000 lines", done.stdout)
        self.assertEqual(done.stderr, "")  # no progress bar without a terminal

    def test_a_log_with_broken_lines_is_counted_without_them(self):
        good = b'h%d - - [17/May/2015:10:05:%02d +0000] "GET / HTTP/1.1" 200 %d "-" "agent"'
        lines = [good % (i % 50, i % 60, i) for i in range(3000)]
        lines += [b"", b"nonsense", b'h - - [x] "GET /" 200 1 "-" "-"', b"caf\xe9 - - [", b"\x00\xff"]
        with tempfile.TemporaryDirectory() as scratch:
            log = Path(scratch) / "access.log"
            log.write_bytes(b"\n".join(lines) + b"\n")
            done = run_demo("--input", str(log), "--out", scratch)
            by_status, by_minute, refused = count(line for line in lines if line)
            self.assertEqual((Path(scratch) / "access_by_status.tsv").read_text(), by_status)
            self.assertEqual((Path(scratch) / "access_by_minute_status.tsv").read_text(), by_minute)
        self.assertEqual(refused, 4)
        self.assertIn(f"{refused} to the dead-letter topic", done.stdout)

    def test_lines_of_any_length_and_sizes_of_any_number_do_not_end_it(self):
        good = b'h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 %d "-" "agent"\n'
        largest = 2**63 - 1
        with tempfile.TemporaryDirectory() as scratch:
            log = Path(scratch) / "access.log"
            log.write_bytes(good % largest + good % 5 + b"x" * 2_000_000 + b"\n" + good % 7)
            done = run_demo("--input", str(log), "--out", scratch)
            self.assertEqual((Path(scratch) / "access_by_status.tsv").read_text(),
                             f"status\trequests\tbytes\n200\t3\t{largest}\n")
        self.assertIn("1 to the dead-letter topic", done.stdout)
        self.assertIn("wanted a line of at most 65536 bytes", done.stdout)

    def test_a_log_from_a_pipe_is_read_to_its_end(self):
        line = b'h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 %d "-" "agent"\n'
        done = subprocess.run([BINARY, "demo", "--input", "/dev/stdin"], input=b"".join(line % n for n in range(3000)),
                              capture_output=True, timeout=120, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn(b"3,000 lines", done.stdout)

    def test_a_place_that_cannot_be_written_is_refused_before_the_work(self):
        with tempfile.NamedTemporaryFile() as file:
            done = subprocess.run([BINARY, "demo", "--lines", "1000", "--out", f"{file.name}/out"], text=True,
                                  capture_output=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f"{file.name}/out", done.stderr)

    def test_on_a_cluster_its_topics_can_be_kept_and_hold_what_it_counted(self):
        with BrokerProcess(BINARY) as broker, tempfile.TemporaryDirectory() as out:
            run_demo("--brokers", broker.address, "--lines", "20000", "--seed", "5", "--keep", "--out", out)
            topics = subprocess.run([BINARY, "topic", "list", "-b", broker.address], text=True,
                                    capture_output=True, check=True).stdout
            log_topic = re.search(r"(\S+\.access-log)\s", topics)[1]
            lines = subprocess.run([BINARY, "consume", log_topic, "-e", "-b", broker.address],
                                   capture_output=True, check=True, timeout=60).stdout.split(b"\n")[:-1]
            by_status, by_minute, refused = count(lines)
            self.assertEqual(len(lines), 20_000)
            self.assertGreater(refused, 0)
            self.assertEqual((Path(out) / "access_by_status.tsv").read_text(), by_status)
            self.assertEqual((Path(out) / "access_by_minute_status.tsv").read_text(), by_minute)

    def test_what_it_has_read_of_its_repartition_topics_is_deleted(self):
        with BrokerProcess(BINARY) as broker:
            run_demo("--brokers", broker.address, "--lines", "5000", "--keep")
            repartition = re.findall(r"(\S+-repartition)\s", topics_of(broker))
            self.assertTrue(repartition)
            for topic in repartition:
                described = json.loads(subprocess.run(
                    [BINARY, "topic", "describe", topic, "-b", broker.address, "-f", "json"], text=True,
                    capture_output=True, check=True).stdout)
                partitions = described[0]["partitions"]
                self.assertGreater(sum(each["end"] for each in partitions), 0)
                for each in partitions:
                    self.assertEqual(each["start"], each["end"], each)

    def test_on_a_cluster_it_cleans_up_after_itself_when_a_signal_ends_it(self):
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(how.name), BrokerProcess(BINARY) as broker:
                demo = subprocess.Popen([BINARY, "demo", "--brokers", broker.address, "--lines", "1000000"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                with demo:
                    while "demo" not in topics_of(broker):
                        self.assertIsNone(demo.poll(), "it ended before it made its topics")
                    demo.send_signal(how)
                    _, said = demo.communicate(timeout=60)
                self.assertEqual(demo.returncode, 1)
                self.assertIn("stopped before all lines were counted", said)
                self.assertNotIn("demo", topics_of(broker))

    def test_on_a_cluster_it_cleans_up_after_itself(self):
        with BrokerProcess(BINARY) as broker:
            run_demo("--brokers", broker.address, "--lines", "1000")
            self.assertNotIn("demo", topics_of(broker))


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
