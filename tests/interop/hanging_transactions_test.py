#!/usr/bin/env python3
"""Transactions, also those that no coordinator has: `millrace transaction` and Kafka's own tool find and end them, in a
real Kafka; in `millrace up` they show what the coordinator has.

Run as: hanging_transactions_test.py PATH_TO_MILLRACE PATH_TO_TRANSACTION_PEER [unittest arguments]

What hangs is made by taking the coordinator's memory away: a producer writes and dies, and then __transaction_state is
deleted. What it left open holds back every reader of committed records.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import java_tools
import proof
from transaction_peer import PATIENCE_S, Peer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
from broker_process import BrokerProcess  # noqa: E402

BINARY = None
PEER = None
TRANSACTIONS = "org.apache.kafka.tools.TransactionsCommand"
GHOSTS = "ghosts"  # one in each partition; each test that ends one has a partition of its own
ALIVE = "alive"    # the transaction of a producer that lives
LIFETIME_MS = 900_000
FOUND, BY_OFFSET, BY_PRODUCER, BY_KAFKAS_TOOL = range(4)


class Coordinated:
    """What the coordinator has; the classes below say what cluster it is."""

    @classmethod
    def prepare(cls, address, forget_transactions):
        """forget_transactions  makes the coordinator forget all, and returns the address to go on with"""
        ours(address, "topic", "create", GHOSTS, "--partitions", "4")
        ours(address, "topic", "create", ALIVE)
        cls.peer = Peer(PEER)
        cls.begin(address, "ghost", [(GHOSTS, partition) for partition in range(4)])
        cls.peer.kill()
        cls.address = forget_transactions()

        cls.peer = Peer(PEER)
        cls.addClassCleanup(cls.peer.close)
        cls.begin(cls.address, "behind", [(GHOSTS, partition) for partition in range(4)])
        cls.ok("behind", "commit")
        cls.begin(cls.address, "living", [(ALIVE, 0)])

        scratch = tempfile.TemporaryDirectory(prefix="millrace-interop-")
        cls.addClassCleanup(scratch.cleanup)
        cls.tools = java_tools.JavaTools(proof.ROOT / "build/kafka/jars", cls.address, scratch.name)

    @classmethod
    def begin(cls, address, name, partitions):
        cls.ok("open", name, f"bootstrap.servers={address}", f"transactional.id={name}", "linger.ms=0",
               f"transaction.timeout.ms={LIFETIME_MS}")
        cls.ok(name, "init")
        cls.ok(name, "begin")
        for topic, partition in partitions:
            cls.ok(name, "send", topic, partition, f"of {name}")
        cls.ok(name, "flush")

    @classmethod
    def ok(cls, *words):
        answer = cls.peer.call(*words)
        assert answer == "ok", f"{words}: {answer}"

    def say(self, *words):
        return json.loads(ours(self.address, "transaction", *words, "-f", "json"))

    def fails(self, *words):
        done = run_ours(self.address, "transaction", *words)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done

    def kafkas(self, *words):
        """Kafka's table as a list of rows by heading."""
        lines = self.tools.run(TRANSACTIONS, *words).splitlines()
        heading = lines[0].split()
        return [dict(zip(heading, line.split())) for line in lines[1:] if line.strip()]

    def test_list_filters_by_state_producer_and_age(self):
        living = [row for row in self.say("list") if row["transactional_id"] == "living"]
        self.assertEqual([row["transaction_state"] for row in living], ["Ongoing"])
        self.assertEqual(self.say("list", "--state", "Ongoing"), living)
        self.assertEqual(self.say("list", "--producer-id", str(living[0]["producer_id"])), living)
        self.assertEqual(self.say("list", "--state", "Ongoing", "--longer-than", "0ms"), living)
        self.assertEqual(self.say("list", "--state", "Ongoing", "--longer-than", "7d"), [])
        self.assertNotIn("ghost", [row["transactional_id"] for row in self.say("list")])
        refused = self.fails("list", "--state", "Sleeping")
        self.assertEqual(refused.returncode, 2)
        self.assertIn('found "Sleeping"', refused.stderr)

    def test_describe_tells_what_the_coordinator_has(self):
        [living] = self.say("describe", "living")
        self.assertEqual(living["topic_partitions"], [f"{ALIVE}-0"])
        self.assertEqual(living["transaction_state"], "Ongoing")
        self.assertEqual(living["transaction_timeout_ms"], LIFETIME_MS)
        self.assertLess(abs(time.time() * 1000 - living["current_transaction_start_time_ms"]), 600_000)
        unknown = self.fails("describe", "ghost")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("TRANSACTIONAL_ID_NOT_FOUND", unknown.stderr)

    def test_abort_of_a_transaction_that_nobody_has_is_refused(self):
        refused = self.fails("abort", "--topic", ALIVE, "--partition", "0", "--producer-id", "424242",
                             "--producer-epoch", "0", "--coordinator-epoch", "0")
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("wanted a transaction of producer 424242 that is open", refused.stderr)

    def test_kafkas_tool_lists_and_describes_the_same(self):
        ours_by_id = {row["transactional_id"]: row for row in self.say("list")}
        listed = {row["TransactionalId"]: row for row in self.kafkas("list")}
        self.assertEqual(listed.keys(), ours_by_id.keys())
        for name, row in listed.items():
            self.assertEqual([int(row["Coordinator"]), int(row["ProducerId"]), row["TransactionState"]],
                             [ours_by_id[name][key] for key in ("coordinator", "producer_id", "transaction_state")])
        [row] = self.kafkas("describe", "--transactional-id", "living")
        [living] = self.say("describe", "living")
        for theirs, field in [("CoordinatorId", "coordinator_id"), ("ProducerEpoch", "producer_epoch"),
                              ("TransactionTimeoutMs", "transaction_timeout_ms"),
                              ("CurrentTransactionStartTimeMs", "current_transaction_start_time_ms")]:
            self.assertEqual(int(row[theirs]), living[field], theirs)
        self.assertEqual(row["TopicPartitions"], f"{ALIVE}-0")


class InMillrace(Coordinated, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="millrace-interop-")
        cls.addClassCleanup(scratch.cleanup)
        data = Path(scratch.name) / "data"
        broker = BrokerProcess(BINARY, data_directory=data)
        broker.__enter__()
        cls.addClassCleanup(broker.__exit__, None, None, None)

        def forget_transactions():
            broker.stop()
            for partition in data.glob("__transaction_state-*"):
                shutil.rmtree(partition)
            (data / ".kafka_cleanshutdown").unlink()  # it would be missed otherwise
            broker.start()
            return broker.address

        cls.prepare(broker.address, forget_transactions)


def run_ours(address, *words):
    return subprocess.run([BINARY, *words, "--brokers", address], text=True, capture_output=True, timeout=PATIENCE_S,
                          check=False)


def ours(address, *words):
    done = run_ours(address, *words)
    if done.returncode != 0:
        raise AssertionError(f"millrace {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    BINARY, PEER = sys.argv[1:3]
    del sys.argv[1:3]
    proof.tool_chain("java")
    unittest.main(verbosity=2)
