#!/usr/bin/env python3
"""kcat (Debian's librdkafka) through the same steps as every peer: kcat_group_test.py MILLRACE, or --brokers
HOST:PORT. kcat_test.py has what only kcat can show."""

import queue
import re
import subprocess
import sys

import proof
import tool_driver
from counted_broker import CountedBroker, RunningCluster
from group_scenario import PARTITIONS, GroupScenario

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


class KcatDriver(tool_driver.ToolDriver):
    def __init__(self, name, address, events):
        super().__init__(name, events)
        self._kcat = ["kcat", "-b", address]

    def version(self):
        said = tool_driver.run(["kcat", "-V"]).stdout
        kcat, librdkafka = re.search(r"Version (\S+)", said)[1], re.search(r"librdkafka (\S+)", said)[1]
        return f"{kcat} (librdkafka {librdkafka})"

    def create(self, topic, partitions):
        """It cannot ask for one: its first look at a topic makes the broker create it with the default."""
        said = tool_driver.run([*self._kcat, "-L", "-t", topic, "-X", "allow.auto.create.topics=true"]).stdout
        while f'topic "{topic}" with {partitions} partitions' not in said:
            said = tool_driver.run([*self._kcat, "-L", "-t", topic]).stdout

    def produce(self, topic, codec, idempotence, records):
        tool_driver.run([*self._kcat, "-P", "-t", topic, "-z", codec, "-K", "\t",
                         "-X", f"enable.idempotence={str(idempotence).lower()}"],
                        stdin="".join(f"{key}\t{value}\n" for key, value in records))

    def join(self, topic, group):
        self._topic = topic
        command = [*self._kcat, "-G", group, "-u", "-f", "%p\t%o\t%k\t%s\n", "-X", "auto.offset.reset=earliest",
                   "-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=100", topic]
        self._follow(subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE),
                     stdout=lambda line: self._received(*line.split("\t")), stderr=self._take_notice)

    def _take_notice(self, line):
        if "assigned: " in line:
            self._assigned(int(number) for number in re.findall(re.escape(self._topic) + r" \[(\d+)\]", line))
        elif "revoked: " in line:
            self._assigned([])


def main():
    proof.forget("kcat")
    proof.program("kcat")
    where = sys.argv[1:]
    cluster = RunningCluster(where[1]) if where[0] == "--brokers" else CountedBroker(where[0], partitions=PARTITIONS)
    with cluster:
        events = queue.Queue()
        proved = GroupScenario(lambda name: KcatDriver(name, cluster.address, events), events, CODECS,
                               cluster.batches).run()
    proved["features"] = ["topic made on first use" if feature == "create topic" else feature
                          for feature in proved["features"]]
    if where[0] != "--brokers":
        proof.write("kcat", requests=cluster.requests, **proved)


if __name__ == "__main__":
    main()
