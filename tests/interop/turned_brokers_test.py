#!/usr/bin/env python3
"""Brokers of one process that a stranger's tool stops and starts, under strangers' clients: turned_brokers_test.py MILLRACE

Kafka's kafka-configs changes the list of stopped brokers; a producer and a member of librdkafka go on through every
move of their leaders and coordinator, and each record that was acknowledged is read once.
"""

import queue
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
import java_tools  # noqa: E402
import proof  # noqa: E402
from broker_process import BrokerProcess  # noqa: E402
from driver_process import Driver  # noqa: E402

DRIVER = Path(__file__).resolve().parent / "drivers" / "confluent_driver.py"
PROPERTY = "millrace.brokers.stopped"
TOPIC = "turned"
PARTITIONS = 6
DEADLINE_S = 60


class Turned:
    def __init__(self, tools, drivers, events):
        self.tools = tools
        self.producer, self.member = drivers
        self._events = events
        self.sent = []
        self._read = []

    def leaders(self):
        said = self.tools.run(java_tools.TOPICS, "--describe", "--topic", TOPIC)
        return {int(leader) for leader in re.findall(r"Leader: (\d+)", said)}

    def alter(self, entity, *change):
        self.tools.run(java_tools.CONFIGS, "--alter", "--entity-type", "brokers", *entity, *change)

    def shown(self):
        said = self.tools.run(java_tools.CONFIGS, "--describe", "--entity-type", "brokers", "--entity-default")
        found = re.search(rf"{re.escape(PROPERTY)}=(\S*)", said)
        return found.group(1) if found else ""

    def flow(self):
        """Records go to all partitions, and come to the member."""
        begin = len(self.sent)
        batch = [f"value-{begin + index}" for index in range(60)]
        self.producer.ask("produce", topic=TOPIC, codec="none", idempotence=True,
                          records=[[value, value] for value in batch])
        self.sent += batch
        deadline = time.monotonic() + DEADLINE_S
        while len(self._read) < len(self.sent):
            try:
                _, event = self._events.get(timeout=max(deadline - time.monotonic(), 0.01))
            except queue.Empty:
                raise AssertionError(f"read {len(self._read)} of {len(self.sent)} in {DEADLINE_S} s") from None
            if event["event"] == "records":
                self._read += [value for _, _, _, value in event["records"]]

    def check_each_came_once(self):
        assert sorted(self._read) == sorted(self.sent), (len(self._read), len(set(self._read)), len(self.sent))


def main():
    jars = proof.tool_chain("java") / "jars"
    python = str(proof.tool_chain("python") / "bin" / "python")
    with BrokerProcess(sys.argv[1], "--brokers", "3", "--replication-factor", "3") as broker, \
            tempfile.TemporaryDirectory() as scratch:
        tools = java_tools.JavaTools(jars, broker.address, scratch)
        tools.run(java_tools.TOPICS, "--create", "--topic", TOPIC, "--partitions", str(PARTITIONS),
                  "--replication-factor", "3")
        events = queue.Queue()
        drivers = [Driver(name, [python, str(DRIVER)], broker.address, events) for name in ("producer", "member")]
        try:
            drivers[1].ask("join", topic=TOPIC, group="turned")
            turned = Turned(tools, drivers, events)
            turned.flow()
            assert turned.leaders() == {1, 2, 3}

            turned.alter(["--entity-name", "1"], "--add-config", f"{PROPERTY}=2")
            assert turned.leaders() == {1, 3} and turned.shown() == "2", turned.shown()
            turned.flow()

            # Two at once, asked of any broker; those who ask may be connected to one that stops.
            turned.alter(["--entity-default"], "--add-config", f"{PROPERTY}=[1,2]")
            assert turned.leaders() == {3} and turned.shown() == "1,2", turned.shown()
            turned.flow()

            turned.alter(["--entity-default"], "--delete-config", PROPERTY)
            assert turned.shown() == "", turned.shown()
            turned.flow()
            tools.run("org.apache.kafka.tools.LeaderElectionCommand", "--election-type", "preferred",
                      "--all-topic-partitions")
            assert turned.leaders() == {1, 2, 3}
            turned.flow()
            drivers[1].ask("leave")
            turned.check_each_came_once()
        finally:
            for driver in drivers:
                driver.kill()


if __name__ == "__main__":
    main()
