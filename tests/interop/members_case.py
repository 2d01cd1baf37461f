"""What tests of groups have in common whose members are of several clients, on a real Apache Kafka or on `millrace up`.

Their command line: GROUP_PEER MILLRACE kafka|embedded [unittest arguments]
"""

import os
import sys
import tempfile
import unittest
from pathlib import Path

import driver_process
import java_tools
import proof
from counted_broker import CountedBroker
from kafka_cluster import KafkaCluster

DRIVER = Path(__file__).resolve().parent / "drivers/confluent_driver.py"
# So that nobody waits for the 45 seconds after which members are given up.
FAST = {"group.consumer.session.timeout.ms": "4000", "group.consumer.heartbeat.interval.ms": "300"}
ALLOWED = {"group.consumer.min.session.timeout.ms": "3000", "group.consumer.min.heartbeat.interval.ms": "100"}


class MembersCase(unittest.TestCase):
    peer = millrace = where = None  # of the command line

    @classmethod
    def setUpClass(cls):
        cls.cluster = (KafkaCluster(brokers=1, properties=FAST | ALLOWED) if cls.where == "kafka" else
                       CountedBroker(cls.millrace, properties=FAST))
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        scratch = tempfile.TemporaryDirectory(prefix="millrace-interop-")
        cls.addClassCleanup(scratch.cleanup)
        cls.tools = java_tools.JavaTools(proof.ROOT / "build/kafka/jars", cls.cluster.address, scratch.name)

    def setUp(self):
        self.topic = self.id().rsplit(".", 1)[-1]

    def librdkafka(self, name, events, environment):
        python = proof.tool_chain("python") / "bin/python"
        return driver_process.Driver(name, [python, DRIVER], self.cluster.address, events, env={**os.environ, **environment})


def main():
    proof.tool_chain("java")
    MembersCase.peer, MembersCase.millrace, MembersCase.where = sys.argv[1:4]
    del sys.argv[1:4]
    if MembersCase.where not in ("kafka", "embedded"):
        sys.exit(f'wanted kafka or embedded, found "{MembersCase.where}"')
    unittest.main("__main__", verbosity=2)
