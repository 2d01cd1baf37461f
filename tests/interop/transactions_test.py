#!/usr/bin/env python3
"""Our producer's transactions on a real Apache Kafka, in both protocols, as Kafka's console consumer reads them.

Run as: transactions_test.py PATH_TO_TRANSACTION_PEER [unittest arguments]
"""

import subprocess
import sys
import tempfile
import unittest

import java_tools
import proof
from kafka_cluster import KafkaCluster
from transaction_peer import PATIENCE_S, Peer

PEER = None
FEATURES = "org.apache.kafka.tools.FeatureCommand"


class OneBroker:
    """The cases; the classes below say which protocol the cluster speaks."""

    @classmethod
    def setUpClass(cls):
        # A node that was killed is let in again when the session of the dead one is over.
        cls.cluster = KafkaCluster(brokers=1, properties={"broker.session.timeout.ms": "3000",
                                                          "broker.heartbeat.interval.ms": "500"})
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        scratch = tempfile.TemporaryDirectory(prefix="millrace-interop-")
        cls.addClassCleanup(scratch.cleanup)
        cls.tools = java_tools.JavaTools(proof.ROOT / "build/kafka/jars", cls.cluster.address, scratch.name)
        cls.tools.run(FEATURES, "downgrade" if cls.LEVEL < 2 else "upgrade", "--feature",
                      f"transaction.version={cls.LEVEL}")

    def setUp(self):
        self.name = self.id().rsplit(".", 1)[-1]
        self.lasts = {}  # how many records that stand last each partition of a topic has
        self.peer = Peer(PEER)
        self.addCleanup(self.peer.close)

    def ok(self, *words):
        self.assertEqual(self.peer.call(*words), "ok", words)

    def fails(self, kind, *words):
        answer = self.peer.call(*words)
        self.assertTrue(answer.startswith(f"{kind}: "), f"{words}: {answer}")
        return answer

    def open(self, name, identity=None, **properties):
        given = {"bootstrap.servers": self.cluster.address, "transactional.id": identity or self.name,
                 "linger.ms": "0", **{key.replace("_", "."): value for key, value in properties.items()}}
        self.ok("open", name, *(f"{key}={value}" for key, value in given.items()))
        self.ok(name, "init")

    partitions = 2

    def write(self, name, values, end, topic=None):
        self.ok(name, "begin")
        for number, value in enumerate(values):
            self.ok(name, "send", topic or self.name, number % self.partitions, value)
        if end:
            self.ok(name, end)

    def create(self, topic=None):
        self.tools.run(java_tools.TOPICS, "--create", "--topic", topic or self.name, "--partitions",
                       str(self.partitions))

    def read(self, count, topic=None):
        """What the console consumer sees of what is committed, up to the record that stands last in each partition.

        Were there one record more than `count`, it would stand in place of one of those.
        """
        topic = topic or self.name
        self.lasts[topic] = self.lasts.get(topic, 0) + 1
        last = f"last-{topic}-{self.lasts[topic]}"
        self.open(last, identity=last)
        self.write(last, ["last"] * self.partitions, "commit", topic=topic)
        lasts = self.partitions * self.lasts[topic]
        seen = self.console(topic, count + lasts, "read_committed")
        self.assertEqual(seen.count("last"), lasts, seen)
        return [value for value in seen if value != "last"]

    def console(self, topic, count, isolation):
        command = self.tools.command(java_tools.CONSOLE_CONSUMER, "--topic", topic, "--from-beginning",
                                     "--max-messages", str(count), "--timeout-ms", str(1000 * PATIENCE_S),
                                     "--isolation-level", isolation)
        done = subprocess.run(command, text=True, capture_output=True, timeout=2 * PATIENCE_S, check=False)
        return sorted(done.stdout.split())

    def committed(self, group):
        """Group's offset by partition, as kafka-consumer-groups says it."""
        said = self.tools.run(java_tools.GROUPS, "--describe", "--group", group, "--offsets")
        rows = [line.split() for line in said.splitlines() if line.startswith(group)]
        return {int(row[2]): int(row[3]) for row in rows}

    # ── What is committed is seen, and nothing else ──

    def test_committed_is_seen_and_aborted_is_not(self):
        self.create()
        self.open("p")
        self.write("p", ["c0", "c1", "c2"], "commit")
        self.write("p", ["a0", "a1"], "abort")
        self.write("p", [], "commit")
        self.write("p", ["c3"], "commit")
        self.write("p", ["a2"], None)
        self.ok("p", "flush")
        self.ok("p", "abort")
        self.write("p", ["c4"], "commit")
        self.write("p", ["a3"], None)
        self.ok("p", "flush")
        self.ok("p", "close")  # aborts
        self.assertEqual(self.read(5), ["c0", "c1", "c2", "c3", "c4"])
        # Nine at the least: five that were committed, two of read(), and two that were flushed before the abort.
        in_the_log = self.console(self.name, 9, "read_uncommitted")
        self.assertTrue(any(value.startswith("a") for value in in_the_log), in_the_log)

    def test_the_guides_transfer_is_seen_on_both_sides(self):
        self.create("debits")
        self.create("credits")
        self.open("p")
        self.ok("p", "transfer")
        self.assertEqual([self.read(1, topic=topic) for topic in ("debits", "credits")], [["10"], ["10"]])

    def test_many_transactions_one_after_the_other(self):
        self.create()
        self.open("p")
        wanted = []
        for number in range(60):
            end = "abort" if number % 4 == 3 else "commit"
            values = [f"{number}-{part}" for part in range(3)]
            wanted += values if end == "commit" else []
            self.write("p", values, end)
        self.assertEqual(self.read(len(wanted)), sorted(wanted))

    # ── Offsets ──

    def test_offsets_are_committed_with_the_transaction_only(self):
        self.create()
        self.open("p")
        self.ok("p", "begin")
        self.ok("p", "offsets", "g-" + self.name, self.name, 0, 7)
        self.ok("p", "commit")
        self.ok("p", "begin")
        self.ok("p", "offsets", "g-" + self.name, self.name, 0, 9)
        self.ok("p", "abort")
        self.assertEqual(self.committed("g-" + self.name), {0: 7})

    def test_consume_transform_produce_is_exactly_once(self):
        source, sink = f"{self.name}-in", f"{self.name}-out"
        self.create(source)
        self.create(sink)
        self.open("w", identity=f"{self.name}-writer")
        wanted = []
        for number in range(12):
            values = [f"{number:02}-{part}" for part in range(5)]
            wanted += values if number % 3 else []
            self.write("w", values, "commit" if number % 3 else "abort", topic=source)
        self.open("p")
        self.ok("p", "copy", "g-" + self.name, source, sink, len(wanted))
        self.assertEqual(self.read(len(wanted), topic=sink), wanted)
        # Behind the last record stands the marker of its transaction.
        committed = self.committed("g-" + self.name)
        for partition, end in self.end_offsets(source):
            self.assertIn(end - committed[partition], (0, 1), committed)

    def end_offsets(self, topic):
        for line in self.tools.run(java_tools.GET_OFFSETS, "--topic", topic).split():
            _, partition, offset = line.split(":")
            yield int(partition), int(offset)

    def test_a_member_that_left_its_group_cannot_commit_for_it(self):
        self.create()
        self.open("p")
        self.write("p", ["never"], None)
        answer = self.peer.call("p", "offsets", "g-" + self.name, self.name, 0, 1, 5, "nobody")
        self.assertTrue(answer.startswith("abortable: "), answer)
        self.fails("abortable", "p", "commit")
        self.ok("p", "abort")
        self.write("p", ["after"], "commit")
        self.assertEqual(self.read(1), ["after"])

    # ── Errors ──

    def test_a_zombie_is_fenced(self):
        self.create()
        self.open("zombie")
        self.write("zombie", ["never0"], None)
        self.ok("zombie", "flush")
        self.open("heir")
        self.write("heir", ["c0"], "commit")
        self.ok("zombie", "send", self.name, 0, "never1")
        self.fails_to_go_on("zombie")
        self.write("heir", ["c1"], "commit")
        self.assertEqual(self.read(2), ["c0", "c1"])

    def fails_to_go_on(self, name):
        """Whatever comes first, it is fatal in the end, and stays so."""
        answer = self.peer.call(name, "commit")
        if answer.startswith("abortable: "):
            answer = self.peer.call(name, "abort")
        self.assertTrue(answer.startswith("fatal: "), answer)
        self.fails("fatal", name, "begin")
        self.fails("error", name, "send", self.name, 0, "never")

    def test_a_transaction_that_takes_too_long_is_aborted(self):
        self.create()
        self.open("slow", transaction_timeout_ms="1000")
        self.write("slow", ["never"], None)
        self.ok("slow", "flush")
        # Kafka looks every 10 seconds; until then the open transaction holds back what comes behind it.
        self.open("other", identity=self.name + "-other")
        self.write("other", ["c0", "c0"], "commit")
        self.assertEqual(self.read(2), ["c0", "c0"])
        self.fails_to_go_on("slow")
        self.open("again")
        self.write("again", ["c1"], "commit")
        self.assertEqual(self.read(3), ["c0", "c0", "c1"])

    def test_a_record_that_is_too_large_is_repaired_by_an_abort(self):
        self.tools.run(java_tools.TOPICS, "--create", "--topic", self.name, "--partitions", "2",
                       "--config", "max.message.bytes=500")
        self.open("p")
        self.write("p", ["never"], None)
        self.ok("p", "flush")
        self.ok("p", "send", self.name, 0, "x" * 1000)
        self.assertIn("MESSAGE_TOO_LARGE", self.fails("abortable", "p", "commit"))
        self.fails("error", "p", "send", self.name, 0, "never")
        self.ok("p", "abort")
        self.write("p", ["c0"], "commit")
        # Nothing of the broken transaction was written at all.
        self.write("p", ["x" * 1000], None)
        self.fails("abortable", "p", "commit")
        self.ok("p", "abort")
        self.write("p", ["c1"], "commit")
        self.assertEqual(self.read(2), ["c0", "c1"])

    def test_a_time_out_beyond_the_brokers_is_fatal(self):
        given = {"bootstrap.servers": self.cluster.address, "transactional.id": self.name,
                 "transaction.timeout.ms": "1000000000"}
        self.ok("open", "p", *(f"{key}={value}" for key, value in given.items()))
        self.assertIn("INVALID_TRANSACTION_TIMEOUT", self.fails("fatal", "p", "init"))

    def test_the_coordinator_may_die_in_the_middle(self):
        self.create()
        self.open("p")
        self.write("p", ["c0"], "commit")
        self.write("p", ["c1", "c2"], None)
        self.ok("p", "flush")
        self.cluster.kill(0)
        self.fails("retriable", "p", "commit", 500)
        self.fails("invalid call", "p", "abort")
        self.cluster.start(0)
        self.ok("p", "commit")
        self.write("p", ["a0"], None)
        self.ok("p", "flush")
        self.cluster.kill(0)
        self.cluster.start(0)
        self.ok("p", "abort")
        self.write("p", ["c3"], "commit")
        self.assertEqual(self.read(4), ["c0", "c1", "c2", "c3"])


class InVersionTwo(OneBroker, unittest.TestCase):
    LEVEL = 2


class Classic(OneBroker, unittest.TestCase):
    LEVEL = 1

    def test_what_the_cluster_learns_a_producer_follows_with_its_next_connection(self):
        self.create()
        self.open("p")
        self.write("p", ["c0"], "commit")
        self.addCleanup(self.tools.run, FEATURES, "downgrade", "--feature", "transaction.version=1")
        self.tools.run(FEATURES, "upgrade", "--feature", "transaction.version=2")
        self.write("p", ["c1"], "commit")
        self.cluster.kill(0)
        self.cluster.start(0)
        for value in ["c2", "c3", "c4"]:
            self.write("p", [value], "commit")
        self.assertEqual(self.read(5), ["c0", "c1", "c2", "c3", "c4"])


if __name__ == "__main__":
    PEER = sys.argv.pop(1)
    proof.tool_chain("java")
    unittest.main(verbosity=2)
