#!/usr/bin/env python3
"""A Kafka Streams application with exactly_once_v2 on `millrace up`: both are killed and come back, and every count of every
key stands once in its output, in order.

Run as: kafka_streams_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import collections
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import java_tools
import proof
from feed import Feed

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
from broker_process import BrokerProcess  # noqa: E402

PATIENCE_S = 240
ROUNDS = 4
KEYS = 7
INPUT, OUTPUT = "visits", "counts"


class KafkaStreams(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="millrace-interop-")
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        self.broker = BrokerProcess(MILLRACE, data_directory=self.scratch / "data")
        self.broker.start()
        self.addCleanup(self.broker.stop)
        where = self.broker.command.index("--kafka") + 1
        self.broker.command[where] = self.broker.address  # clients come back to where they were
        self.tools = java_tools.JavaTools(JARS, self.broker.address, self.scratch)
        for topic, partitions in ((INPUT, 3), (OUTPUT, 2)):
            self.tools.run(java_tools.TOPICS, "--create", "--topic", topic, "--partitions", str(partitions))

    def start(self):
        """The application, once it counts."""
        log = (self.scratch / "application.log").open("a")
        self.addCleanup(log.close)
        process = subprocess.Popen([*java_tools.java(JARS, CLASSES), "ExactlyOnceCounts", self.broker.address, "counting",
                                    INPUT, OUTPUT, self.scratch / "state"], stdout=subprocess.PIPE, stderr=log, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline().strip(), "counting", (self.scratch / "application.log").read_text()[-2000:])
        return process

    def committed(self):
        """The counts of each key that a reader of committed records sees, as they stand in the log."""
        read = subprocess.run(self.tools.command(java_tools.CONSOLE_CONSUMER, "--topic", OUTPUT, "--from-beginning",
                                                 "--isolation-level", "read_committed", "--timeout-ms", "3000",
                                                 "--formatter-property", "print.key=true"),
                              text=True, capture_output=True, timeout=PATIENCE_S, check=False)
        counts = collections.defaultdict(list)
        for line in read.stdout.splitlines():
            key, count = line.split("\t")
            counts[key].append(int(count))
        return counts

    def test_counts_each_record_once_whoever_is_killed(self):
        chance = random.Random(7)
        producer = self.tools.command(java_tools.CONSOLE_PRODUCER, "--topic", INPUT, "--command-property",
                                      "delivery.timeout.ms=120000")
        feed = Feed(producer, lambda number: f"key{number % KEYS}:{number}", count=20, pause_s=0.02)
        feed.start()
        self.addCleanup(feed.kill)
        for number in range(ROUNDS):
            application = self.start()
            time.sleep(chance.uniform(0.5, 3))
            if number % 2 == 1:
                self.broker.stop(signal.SIGKILL)
                self.broker.start()
                time.sleep(chance.uniform(0.5, 2))
            application.kill()
            application.wait()
        feed.end(PATIENCE_S)
        application = self.start()

        wanted = {f"key{key}": list(range(1, len(range(key, feed.written, KEYS)) + 1)) for key in range(KEYS)}
        deadline = time.monotonic() + PATIENCE_S
        while sum(map(len, (seen := self.committed()).values())) < feed.written:
            self.assertLess(time.monotonic(), deadline, f"wanted {feed.written} counts, found "
                            f"{sum(map(len, seen.values()))}: {(self.scratch / 'application.log').read_text()[-3000:]}")
            self.assertIsNone(application.poll(), (self.scratch / "application.log").read_text()[-3000:])
        for key, counts in wanted.items():
            self.assertEqual(seen[key], counts, key)


if __name__ == "__main__":
    JARS = proof.tool_chain("java") / "jars"
    CLASSES = proof.tool_chain("java") / "classes"
    MILLRACE = sys.argv.pop(1)
    unittest.main(verbosity=2)
