#!/usr/bin/env python3
"""Kafka's own TransactionalMessageCopier on `millrace up`: it aborts at random, is killed and comes back, and its copy is whole,
in order, and has nothing twice.

Run as: message_copier_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import subprocess
import sys
import tempfile
import unittest

import java_tools
import proof
from counted_broker import CountedBroker

COPIER = "org.apache.kafka.tools.TransactionalMessageCopier"
MESSAGES = 3000
KILLS = 3
PATIENCE_S = 120


class MessageCopier(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="millrace-interop-")
        self.addCleanup(scratch.cleanup)
        cluster = CountedBroker(MILLRACE)
        cluster.__enter__()
        self.addCleanup(cluster.__exit__, None, None, None)
        self.tools = java_tools.JavaTools(JARS, cluster.address, scratch.name)
        self.source, self.copy = f"{self.id().rsplit('.', 1)[-1]}-from", f"{self.id().rsplit('.', 1)[-1]}-to"
        for topic in (self.source, self.copy):
            self.tools.run(java_tools.TOPICS, "--create", "--topic", topic, "--partitions", "1")
        self.values = [str(number) for number in range(MESSAGES)]
        self.tools.run(java_tools.CONSOLE_PRODUCER, "--topic", self.source, stdin="\n".join(self.values) + "\n")

    def copier(self, *arguments):
        command = [*java_tools.java(JARS), COPIER, "--broker-list", self.tools.address, "--input-topic", self.source,
                   "--input-partition", "0", "--output-topic", self.copy, "--transactional-id", self.copy,
                   "--consumer-group", self.copy, "--transaction-size", "20", "--transaction-timeout", "10000",
                   "--enable-random-aborts", *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def read(self):
        said = self.tools.run(java_tools.CONSOLE_CONSUMER, "--topic", self.copy, "--from-beginning", "--isolation-level",
                              "read_committed", "--max-messages", str(MESSAGES), "--timeout-ms", str(1000 * PATIENCE_S))
        return said.split()

    def copy_while_it_is_killed(self, *arguments):
        for _ in range(KILLS):
            process = self.copier(*arguments)
            for _ in range(20):  # lines say how far it is, about one for each transaction
                process.stdout.readline()
            self.assertIsNone(process.poll(), "it has copied all before it could be killed")
            process.kill()
            process.wait()
            process.stdout.close()
        last = self.copier(*arguments)
        said = last.communicate(timeout=PATIENCE_S)[0]
        self.assertEqual(last.returncode, 0, said[-2000:])
        self.assertEqual(self.read(), self.values)

    def test_copies_a_partition_that_it_was_assigned(self):
        self.copy_while_it_is_killed()

    def test_copies_as_a_member_of_a_group(self):
        self.copy_while_it_is_killed("--group-mode", "--use-group-metadata")


if __name__ == "__main__":
    JARS = proof.tool_chain("java") / "jars"
    MILLRACE = sys.argv.pop(1)
    unittest.main(verbosity=2)
