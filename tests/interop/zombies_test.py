#!/usr/bin/env python3
"""Two processes with one transactional id, of which one is stopped in its transaction (SIGSTOP) and goes on after the
other took its place: what the zombie writes never appears, in `millrace up` and in a real Kafka.

Run as: zombies_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import proof
from kafka_cluster import KafkaCluster

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
from broker_process import BrokerProcess  # noqa: E402

BINARY = None
PATIENCE_S = 120
ZOMBIES = 3
LINES = 20


class Zombies:
    """The case; the classes below say what broker it is."""

    def run_millrace(self, *words, stdin=""):
        done = subprocess.run([BINARY, *words, "--brokers", self.address], input=stdin, text=True, capture_output=True,
                              timeout=PATIENCE_S, check=False)
        self.assertEqual(done.returncode, 0, (words, done.stdout, done.stderr))
        return done.stdout

    def read(self, topic, *words):
        return self.run_millrace("consume", topic, "-e", *words).splitlines()

    def begin(self, topic, name):
        """A producer with one record in an open transaction, which the broker has."""
        process = subprocess.Popen([BINARY, "produce", topic, "--transactional-id", topic, "--brokers", self.address],
                                   text=True, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.say(process, f"{name} first")
        deadline = time.monotonic() + PATIENCE_S
        while f"{name} first" not in self.read(topic):
            self.assertIsNone(process.poll(), "it ended by itself")
            self.assertLess(time.monotonic(), deadline, "its record does not appear")
            time.sleep(0.05)
        return process

    @staticmethod
    def say(process, *lines):
        process.stdin.write("".join(line + "\n" for line in lines))
        process.stdin.flush()

    def test_what_a_zombie_writes_never_appears(self):
        topic = "zombies"
        self.run_millrace("topic", "create", topic)
        zombies = []
        for number in range(ZOMBIES):
            zombies.append(self.begin(topic, f"zombie {number}"))
            zombies[-1].send_signal(signal.SIGSTOP)
        committed = [f"living {line}" for line in range(LINES)]
        self.run_millrace("produce", topic, "--transactional-id", topic, stdin="\n".join(committed) + "\n")
        self.assertEqual(self.read(topic, "--read-committed"), committed)

        # They know nothing, write on and want to commit; the last one is not even the one before.
        for number, zombie in enumerate(zombies):
            self.say(zombie, *(f"zombie {number} later {line}" for line in range(LINES)))
            zombie.send_signal(signal.SIGCONT)
        for number, zombie in enumerate(zombies):
            _, said = zombie.communicate(timeout=PATIENCE_S)
            self.assertEqual(zombie.returncode, 1, said)
            self.assertRegex(said, "PRODUCER_FENCED|INVALID_PRODUCER_EPOCH", f"zombie {number}")
        self.assertEqual(self.read(topic, "--read-committed"), committed)
        self.assertEqual([line for line in self.read(topic) if "later" in line], [], "not even in an aborted transaction")

        # And the id is of use to the next one.
        self.run_millrace("produce", topic, "--transactional-id", topic, stdin="next\n")
        self.assertEqual(self.read(topic, "--read-committed"), [*committed, "next"])


class InMillrace(Zombies, unittest.TestCase):
    def setUp(self):
        broker = BrokerProcess(BINARY)
        broker.__enter__()
        self.addCleanup(broker.__exit__, None, None, None)
        self.address = broker.address


class InKafka(Zombies, unittest.TestCase):
    def setUp(self):
        cluster = KafkaCluster(brokers=1)
        cluster.__enter__()
        self.addCleanup(cluster.__exit__, None, None, None)
        self.address = cluster.address


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    proof.tool_chain("java")
    unittest.main(verbosity=2)
