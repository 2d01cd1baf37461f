#!/usr/bin/env python3
"""Our consumer with group.protocol=consumer, alone and with members of other clients.

Run as: consumer_protocol_test.py GROUP_PEER MILLRACE kafka|embedded [unittest arguments]
"""

import queue
import signal
import subprocess
import time

import java_tools
from group_peer import MillraceMember
from group_scenario import GroupScenario
from members_case import MembersCase, main

PATIENCE_S = 90


class Members(MembersCase):
    def setUp(self):
        super().setUp()
        self.events = queue.Queue()

    def ours(self, name, **properties):
        return MillraceMember(name, self.peer, self.cluster.address, self.events, **properties)

    def javas(self, name):
        return java_tools.VerifiableMember(name, self.tools, self.events, protocol="consumer")

    def librdkafkas(self, name):
        return self.librdkafka(name, self.events, {"GROUP_PROTOCOL": "consumer"})

    def run_scenario(self, **members):
        """The steps of every peer, with members as they are named here."""
        def start(name):
            kind = members.get(name)
            return kind(name) if kind else java_tools.JavaDriver(name, self.tools, self.events)
        scenario = GroupScenario(start, self.events, ["none"], lambda topic: None, name=self.topic)
        scenario.run()

    def test_our_members_share_a_group(self):
        self.run_scenario(first=self.ours, second=self.ours, resumed=self.ours)

    def test_one_of_java_joins_ours_and_ours_goes_on_where_it_ended(self):
        self.run_scenario(first=self.ours, second=self.javas, resumed=self.ours)

    def test_ours_joins_one_of_java(self):
        self.run_scenario(first=self.javas, second=self.ours, resumed=self.javas)

    def test_ours_and_one_of_librdkafka_share_a_group(self):
        self.run_scenario(first=self.ours, second=self.librdkafkas, resumed=self.ours)

    # ── What only our client shows ──

    def create(self, topic, partitions=2):
        self.tools.run(java_tools.TOPICS, "--create", "--topic", topic, "--partitions", str(partitions))

    def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"did not happen: {what}")
            time.sleep(0.05)

    def join(self, name, topic=None, **properties):
        member = self.ours(name, **properties)
        member.join(topic or self.topic, self.topic)
        self.addCleanup(member.kill)
        return member

    def test_topics_of_a_pattern_are_read_those_that_come_later_too(self):
        self.create(f"{self.topic}-a", 1)
        member = self.join("one", f"~{self.topic}-[ab]", metadata_max_age_ms="1000")
        self.until(lambda: member.held == {f"{self.topic}-a-0"}, "what is there is assigned")
        self.create(f"{self.topic}-b", 1)
        self.create(f"{self.topic}-c", 1)
        self.until(lambda: member.held == {f"{self.topic}-a-0", f"{self.topic}-b-0"}, "what comes is assigned")
        member.leave()

    def test_a_member_that_was_away_for_too_long_loses_its_partitions_and_comes_back(self):
        self.create(self.topic)
        both = {f"{self.topic}-0", f"{self.topic}-1"}
        first = self.join("first")
        self.until(lambda: first.held == both, "the first has both")
        first.process.send_signal(signal.SIGSTOP)
        second = self.join("second")
        self.until(lambda: second.held == both, "the second has both")
        first.process.send_signal(signal.SIGCONT)
        self.until(lambda: first.losses == 1 and len(first.held) == 1 and len(second.held) == 1
                   and first.held != second.held, "they share")
        first.leave()
        second.leave()

    def test_a_static_member_that_comes_back_has_its_partitions_again(self):
        self.create(self.topic)
        first, second = self.join("first", group_instance_id="one"), self.join("second", group_instance_id="two")
        self.until(lambda: len(first.held) == 1 and len(second.held) == 1, "they share")
        held = first.held
        first.leave()
        time.sleep(1)  # three heartbeats of the second, which would have told it
        self.assertEqual(len(second.held), 1, "its place was kept")
        again = self.join("again", group_instance_id="one")
        self.until(lambda: again.held == held, "the same partition")
        again.leave()
        second.leave()

    def test_the_range_assignor_of_the_brokers_can_be_chosen(self):
        self.create(self.topic, 4)
        first = self.join("first", group_remote_assignor="range")
        second = self.join("second", group_remote_assignor="range")
        names = [f"{self.topic}-{number}" for number in range(4)]
        self.until(lambda: sorted([sorted(first.held), sorted(second.held)]) == [names[:2], names[2:]],
                   "each has a range")
        first.leave()
        second.leave()

    def test_a_regular_expression_that_is_none_is_told(self):
        member = subprocess.run([self.peer, self.cluster.address, self.topic, "~("], text=True, capture_output=True,
                                timeout=PATIENCE_S, check=False)
        self.assertEqual(member.returncode, 1)
        self.assertIn("INVALID_REGULAR_EXPRESSION", member.stderr)

    def test_an_assignor_that_the_brokers_do_not_have_is_told(self):
        self.create(self.topic)
        member = subprocess.run([self.peer, self.cluster.address, self.topic, self.topic, "group.remote.assignor=mine"],
                                text=True, capture_output=True, timeout=PATIENCE_S, check=False)
        self.assertEqual(member.returncode, 1)
        self.assertIn("UNSUPPORTED_ASSIGNOR", member.stderr)

    def test_consume_of_the_command_line_takes_part(self):
        self.create(self.topic)
        self.tools.run(java_tools.CONSOLE_PRODUCER, "--topic", self.topic, stdin="a\nb\nc\n")
        read = subprocess.run([self.millrace, "consume", self.topic, "--group", self.topic, "-X", "group.protocol=consumer",
                               "--count", "3", "--brokers", self.cluster.address], text=True, capture_output=True,
                              timeout=PATIENCE_S, check=True)
        self.assertEqual(sorted(read.stdout.split()), ["a", "b", "c"])
        shown = self.tools.run(java_tools.GROUPS, "--describe", "--group", self.topic, "--state")
        self.assertIn("Empty", shown)


if __name__ == "__main__":
    main()
