#!/usr/bin/env python3
"""Our client, and the demo, against Apache Kafka with three brokers, one of which dies and comes back.

Run as: apache_kafka_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import filecmp
import json
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import proof
from kafka_cluster import KafkaCluster

BINARY = None
TIMEOUT_S = 90
REAL_LOG = proof.ROOT.parent / "shared" / "data" / "apache_access.log"


def millrace(*arguments):
    done = subprocess.run([BINARY, *arguments], text=True, capture_output=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise AssertionError(f"millrace {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class ThreeBrokers(unittest.TestCase):
    BROKERS = 3

    @classmethod
    def setUpClass(cls):
        cls.cluster = KafkaCluster(brokers=cls.BROKERS)
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.address = cls.cluster.address

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="millrace-interop-")
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)

    def same_files(self, one, other):
        names = ["access_by_status.tsv", "access_by_minute_status.tsv"]
        self.assertEqual(filecmp.cmpfiles(one, other, names, shallow=False), (names, [], []))

    def demo(self, out, *arguments):
        millrace("demo", "--out", str(self.scratch / out), *arguments)
        return self.scratch / out

    def test_the_demo_gives_the_files_of_the_embedded_broker(self):
        inputs = [["--lines", "20000", "--seed", "7"]]
        if REAL_LOG.exists():
            inputs.append(["--input", str(REAL_LOG)])
        for number, lines in enumerate(inputs):
            with self.subTest(lines=lines):
                self.same_files(self.demo(f"embedded-{number}", *lines),
                                self.demo(f"kafka-{number}", *lines, "--brokers", self.address))

    def test_the_demo_counts_the_same_while_a_broker_dies_and_comes_back(self):
        lines = ["--lines", "120000", "--seed", "11"]
        wanted = self.demo("embedded", *lines)

        with self.broker_dies(0, after_s=1, comes_back_s=3) as outage:
            found = self.demo("kafka", *lines, "--brokers", self.address)
            self.assertTrue(outage.has_begun, "the demo ended before the broker died: give it more lines")

        self.same_files(wanted, found)

    def test_nothing_is_lost_or_doubled_while_a_broker_dies_and_comes_back(self):
        millrace("topic", "create", "survives", "--partitions", "3", "--brokers", self.address)
        sent = [f"key-{number % 50}:{number}" for number in range(60_000)]
        reader = subprocess.Popen([BINARY, "consume", "survives", "--group", "readers", "--count", str(len(sent)),
                                   "--print", "key,value", "--brokers", self.address],
                                  text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(reader.kill)
        writer = subprocess.Popen([BINARY, "produce", "survives", "--key-separator", ":", "--brokers", self.address],
                                  text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(writer.kill)

        with self.broker_dies(1, after_s=1.5, comes_back_s=4):
            for start in range(0, len(sent), 1000):
                writer.stdin.write("\n".join(sent[start:start + 1000]) + "\n")
                writer.stdin.flush()
                time.sleep(0.1)  # 6 s in all, so that the kill falls into it
            said, _ = writer.communicate(timeout=TIMEOUT_S)
        read, complaints = reader.communicate(timeout=TIMEOUT_S)

        self.assertEqual(writer.returncode, 0, said)
        self.assertEqual(reader.returncode, 0, complaints)
        self.check_once_and_in_order(sent, read.replace("\t", ":").splitlines(), "the group read")
        stored = millrace("consume", "survives", "--exit-at-end", "--print", "key,value", "--brokers", self.address)
        self.check_once_and_in_order(sent, stored.replace("\t", ":").splitlines(), "the log holds")

    def test_a_group_is_reset_taken_back_and_deleted(self):
        def committed():
            described = json.loads(millrace("group", "describe", "resets", "--format", "json", "--brokers", self.address))
            return [row["committed"] for row in described[0]["offsets"]]

        millrace("topic", "create", "to-reset", "--partitions", "1", "--brokers", self.address)
        subprocess.run([BINARY, "produce", "to-reset", "--brokers", self.address], text=True, input="a\nb\nc\n",
                       check=True, capture_output=True, timeout=TIMEOUT_S)
        read = ["consume", "to-reset", "--group", "resets", "--exit-at-end", "--brokers", self.address]
        self.assertEqual(millrace(*read), "a\nb\nc\n")
        undo = self.scratch / "resets.undo.json"
        millrace("group", "reset", "resets", "--by", "-2", "--undo-file", str(undo), "--brokers", self.address)
        self.assertEqual(committed(), [1])
        millrace("group", "undo", str(undo), "--brokers", self.address)
        self.assertEqual(committed(), [3])
        millrace("group", "reset", "resets", "--to", "earliest", "--undo-file", str(self.scratch / "second.json"), "--brokers", self.address)
        self.assertEqual(millrace(*read), "a\nb\nc\n")
        millrace("group", "delete-offsets", "resets", "--topic", "to-reset", "--brokers", self.address)
        millrace("group", "undo", str(undo), "--brokers", self.address)
        self.assertEqual(committed(), [3])
        millrace("group", "delete", "resets", "--brokers", self.address)
        listed = json.loads(millrace("group", "list", "--format", "json", "--brokers", self.address))
        self.assertNotIn("resets", [row["group"] for row in listed])

    def check_once_and_in_order(self, sent, found, what):
        def by_key(lines):
            keys = {}
            for line in lines:
                key, value = line.split(":")
                keys.setdefault(key, []).append(int(value))
            return keys
        wanted, got = by_key(sent), by_key(found)
        for key, values in wanted.items():
            missing = set(values) - set(got.get(key, []))
            self.assertFalse(missing, f"{what} {len(found)} of {len(sent)}; {key} lacks {sorted(missing)[:5]}")
            self.assertEqual(got[key], values, f"{what} {key} twice or in another order")

    def broker_dies(self, node, after_s, comes_back_s):
        return Outage(self.cluster, node, after_s, comes_back_s)


class Outage:
    """While the block runs, kills a node and starts it again; at its end the node is back."""

    def __init__(self, cluster, node, after_s, comes_back_s):
        self._thread = threading.Thread(target=self._run)
        self._cluster, self._node = cluster, node
        self._after_s, self._comes_back_s = after_s, comes_back_s
        self.has_begun = False

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join()
        deadline = time.monotonic() + TIMEOUT_S
        while len(json.loads(millrace("cluster", "info", "-f", "json", "--brokers", self._cluster.address))["brokers"]) < 3:
            assert time.monotonic() < deadline, f"node {self._node} did not come back"
            time.sleep(0.1)

    def _run(self):
        time.sleep(self._after_s)
        self._cluster.kill(self._node)
        self.has_begun = True
        time.sleep(self._comes_back_s - self._after_s)
        self._cluster.start(self._node)


if __name__ == "__main__":
    proof.tool_chain("java")
    BINARY = sys.argv.pop(1)
    unittest.main(verbosity=2)
