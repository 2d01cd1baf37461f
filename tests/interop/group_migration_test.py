#!/usr/bin/env python3
"""Groups of the consumer protocol, and their way there and back, as Java's members live them and Kafka's
tools show them: group_migration_test.py MILLRACE [--brokers HOST:PORT]"""

import argparse
import json
import os
import queue
import subprocess
import tempfile
import time

import java_tools
import proof
from counted_broker import CountedBroker, RunningCluster

PARTITIONS = 4
WAIT_S = 90
NAME = f"migration-{os.getpid()}"
COOPERATIVE = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"


class Member(java_tools.VerifiableMember):
    """Of either protocol; `held` is what it has."""

    def __init__(self, name, tools, protocol):
        super().__init__(name, tools, queue.Queue())
        self._protocol = protocol
        self.held = set()
        self.revoked = set()  # what it ever had to give up

    def join(self, topic, group):
        self._mine = set()
        own = ["--group-protocol", "consumer"] if self._protocol == "consumer" else \
            ["--session-timeout", "6000", "--assignment-strategy", COOPERATIVE,
             "--command-config", self._tools.fast_heartbeats]
        self._start(self._take, java_tools.VERIFIABLE_CONSUMER, "--topic", topic, "--group-id", group,
                    "--reset-policy", "earliest", *own)

    def _assigned(self, partitions):
        self.revoked |= self.held - set(partitions)
        self.held = set(partitions)


def until(condition, what):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"did not happen in {WAIT_S} s: {what}"
        time.sleep(0.1)


def are_shared(*members):
    """Each has some, nobody has what another has, and together they have all."""
    held = [member.held for member in members]
    return all(held) and sum(map(len, held)) == PARTITIONS and set.union(*held) == set(range(PARTITIONS))


def row(text, name):
    """The columns of Kafka's table by their titles, of the line that begins with `name`."""
    lines = text.splitlines()
    titles = next(line for line in lines if line.startswith("GROUP"))
    titles = titles.replace("COORDINATOR (ID)", "COORDINATOR ID").split()
    return dict(zip(titles, next(line.split() for line in lines if line.startswith(name + " "))))


class Test:
    def __init__(self, tools, address, millrace):
        self._tools = tools
        self._address = address
        self._millrace = millrace

    def kafkas(self, *arguments):
        return self._tools.run(java_tools.GROUPS, *arguments)

    def state(self):
        return row(self.kafkas("--describe", "--group", NAME, "--state"), NAME)

    def type(self):
        return row(self.kafkas("--list", "--type"), NAME)["TYPE"].lower()

    def shown(self):
        said = subprocess.run([self._millrace, "group", "describe", NAME, "-f", "json", "-b", self._address],
                              text=True, capture_output=True, timeout=30, check=True)
        [group] = json.loads(said.stdout)
        return group

    def join(self, name, protocol):
        member = Member(name, self._tools, protocol)
        member.join(NAME, NAME)
        self.members.append(member)
        return member

    def run(self):
        self.members = []
        try:
            self._run()
        finally:
            for member in self.members:
                member.kill()

    def _run(self):
        self._tools.run(java_tools.TOPICS, "--create", "--topic", NAME, "--partitions", str(PARTITIONS))
        lines = "".join(f"{number}\n" for number in range(100))
        self._tools.run(java_tools.CONSOLE_PRODUCER, "--topic", NAME, stdin=lines)

        first, second = self.join("first", "classic"), self.join("second", "classic")
        until(lambda: are_shared(first, second), "two classic members share")
        assert self.type() == "classic"
        assert self.shown()["type"] == "classic"

        # One by one to the new protocol: the group goes with the first.
        for member in self.members:
            member.revoked.clear()  # by who came first, when the other came
        third = self.join("third", "consumer")
        until(lambda: are_shared(first, second, third), "three of both protocols share")
        assert self.type() == "consumer"
        state = self.state()
        assert (state["ASSIGNMENT-STRATEGY"], state["#MEMBERS"]) == ("uniform", "3"), state
        until(lambda: self.state()["STATE"] == "Stable", "the group is stable")
        group = self.shown()
        assert group["type"] == "consumer" and group["assignor"] == "uniform", group
        assert group["epoch"] == group["assignment_epoch"] == group["members"][0]["epoch"], group
        assert len(first.revoked | second.revoked) == 1, "who keeps its partitions does not stop for them"

        # And back, with the last of the new protocol.
        third.leave()
        until(lambda: are_shared(first, second), "two classic members share again")
        assert self.type() == "classic"

        # All the way there.
        first.leave()
        fourth = self.join("fourth", "consumer")
        until(lambda: are_shared(second, fourth), "one of each shares")
        second.leave()
        until(lambda: are_shared(fourth), "the one of the new protocol has all")
        assert self.type() == "consumer"
        members = row(self.kafkas("--describe", "--group", NAME, "--members", "--verbose"), NAME)
        assert members["#PARTITIONS"] == "4", members
        until(lambda: all(offset["lag"] == 0 for offset in self.shown()["offsets"]), "everything is committed")
        fourth.leave()
        until(lambda: self.state()["STATE"] == "Empty", "nobody is left")
        self.kafkas("--delete", "--group", NAME)
        assert NAME not in self.kafkas("--list").split()


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("millrace")
    asked.add_argument("--brokers")
    where = asked.parse_args()
    jars = proof.tool_chain("java") / "jars"
    cluster = RunningCluster(where.brokers) if where.brokers else CountedBroker(where.millrace)
    with cluster, tempfile.TemporaryDirectory(prefix="millrace-interop-") as scratch:
        Test(java_tools.JavaTools(jars, cluster.address, scratch), cluster.address, where.millrace).run()


if __name__ == "__main__":
    main()
