#!/usr/bin/env python3
"""Members of three clients join, leave and are killed without a pause, in one group: each record is read, and read again is
only what a member had read that was killed, or whose commit met a rebalance, as commits of the classic protocol may.

Run as: rebalance_torture_test.py GROUP_PEER MILLRACE kafka|embedded [unittest arguments]. MILLRACE_TORTURE_S says how long
each test takes; 600 for more than a test run has time for.
"""

import collections
import os
import queue
import random
import time

import driver_process
import java_tools
from feed import Feed
from group_peer import MillraceMember
from members_case import MembersCase, main

DURATION_S = int(os.environ.get("MILLRACE_TORTURE_S", "12"))
PATIENCE_S = 90
SEED = 848
PARTITIONS = 8
MEMBERS_MAX = 5
COOPERATIVE = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"


class Group:
    """What its members said."""

    def __init__(self):
        self.events = queue.Queue()
        self.members = {}  # those who live, by name
        self.assigned = collections.defaultdict(set)
        self.killed = set()
        self.excused = set()  # of whom not all that they read was committed
        self.read_by = collections.defaultdict(list)  # (partition, offset) -> members, in order of arrival
        self.values = set()
        self.last = {}  # (member, partition) -> offset

    def listen(self, seconds):
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                name, message = self.events.get(timeout=left)
            except queue.Empty:
                return
            if message["event"] == "assigned":
                now = set(message["partitions"])
                for partition in self.assigned[name] - now:
                    self.last.pop((name, partition), None)
                self.assigned[name] = now
            elif message["event"] == "records":
                for partition, offset, _, value in message["records"]:
                    self._received(name, partition, offset, value)
            elif message["event"] == "commit failed":
                self.excused.add(name)
            else:
                raise AssertionError(f"{name} says {message}")

    def _received(self, name, partition, offset, value):
        if offset <= self.last.get((name, partition), -1):
            raise AssertionError(f"{name} got {partition}@{offset} behind {self.last[name, partition]}")
        self.last[name, partition] = offset
        self.read_by[partition, offset].append(name)
        self.values.add(int(value))

    def is_shared(self):
        held = [self.assigned[name] for name in self.members]
        return all(held) and sum(map(len, held)) == PARTITIONS and set.union(*held) == set(range(PARTITIONS))

    def read_twice(self):
        """What was read again though all who had read it had committed it."""
        return {place: names for place, names in self.read_by.items() if set(names[:-1]) - self.killed - self.excused}


class Torture(MembersCase):
    def setUp(self):
        super().setUp()
        self.group = Group()

    def ours(self, name):
        properties = {} if self.is_new else {"group.protocol": "classic", "partition.assignment.strategy": "cooperative-sticky",
                                             "session.timeout.ms": "6000", "heartbeat.interval.ms": "300"}
        return MillraceMember(name, self.peer, self.cluster.address, self.group.events,
                              **{key.replace(".", "_"): value for key, value in properties.items()})

    def javas(self, name):
        member = java_tools.VerifiableMember(name, self.tools, self.group.events, "consumer" if self.is_new else "classic")
        if not self.is_new:
            member._in_protocol += ["--assignment-strategy", COOPERATIVE]
        return member

    def librdkafkas(self, name):
        properties = {"GROUP_PROTOCOL": "consumer"} if self.is_new else {"ASSIGNMENT_STRATEGY": "cooperative-sticky"}
        return self.librdkafka(name, self.group.events, properties)

    def join(self, name, kind):
        member = kind(name)
        self.group.members[name] = member
        self.addCleanup(member.kill)
        self.tell(member, "join", topic=self.topic, group=self.topic)

    @staticmethod
    def tell(member, do, **arguments):
        """Nobody waits for an answer."""
        if isinstance(member, driver_process.Driver):
            member.tell(do, **arguments)
        else:
            member.ask(do, **arguments)

    def leave(self, name):
        member = self.group.members.pop(name)
        member.ask("leave")
        member.close()

    def kill(self, name):
        self.group.killed.add(name)
        self.group.members.pop(name).kill()

    def torture(self):
        chance = random.Random(SEED)
        self.tools.run(java_tools.TOPICS, "--create", "--topic", self.topic, "--partitions", str(PARTITIONS))
        producer = [self.millrace, "produce", self.topic, "--key-separator", ":", "--quiet", "--brokers", self.cluster.address]
        feed = Feed(producer, lambda number: f"key-{number % 64}:{number}", count=10, pause_s=0.05)
        feed.start()
        self.addCleanup(feed.kill)
        kinds = [self.ours, self.javas, self.librdkafkas]
        ends, number = time.monotonic() + DURATION_S, 0
        while time.monotonic() < ends or number < 2 * len(kinds):
            others = sorted(self.group.members)
            if len(others) < 2 or (len(others) < MEMBERS_MAX and chance.random() < 0.5):
                self.join(f"{number}-{kinds[number % len(kinds)].__name__}", kinds[number % len(kinds)])
                number += 1
            else:
                chance.choice((self.leave, self.kill))(chance.choice(others))
            self.group.listen(chance.uniform(0.5, 2.5))
        feed.end(PATIENCE_S)

        deadline = time.monotonic() + PATIENCE_S
        while not self.group.is_shared() or len(self.group.values) < feed.written:
            missing = sorted(set(range(feed.written)) - self.group.values)
            self.assertLess(time.monotonic(), deadline, f"{len(missing)} records were not read: {missing[:10]}; "
                            f"assigned {[(name, self.group.assigned[name]) for name in self.group.members]}")
            self.group.listen(0.2)
        self.assertEqual(self.group.read_twice(), {})
        for name in sorted(self.group.members):
            self.leave(name)
        if self.is_new:
            self.assertEqual(self.group.excused, set())
        print(f"{feed.written} records, {number} members, {len(self.group.killed)} of them killed, of "
              f"{len(self.group.excused)} a commit met a rebalance", flush=True)

    def test_of_the_consumer_protocol(self):
        self.is_new = True
        self.torture()

    def test_of_the_cooperative_protocol(self):
        self.is_new = False
        self.torture()


if __name__ == "__main__":
    main()
