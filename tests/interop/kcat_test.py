#!/usr/bin/env python3
"""kcat, which shares no code with Millrace, against `millrace up`: the broker as a stranger sees it.

Run as: kcat_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
from broker_process import BrokerProcess  # noqa: E402

BINARY = None
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
TIMEOUT_S = 60


def kcat(address, *arguments, stdin=None):
    done = subprocess.run(["kcat", "-b", address, *arguments], input=stdin, text=True,
                          capture_output=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise AssertionError(f"kcat {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def millrace(address, *arguments):
    return subprocess.run([BINARY, *arguments, "--brokers", address], text=True,
                          capture_output=True, timeout=TIMEOUT_S, check=True).stdout


class GroupMember:
    """kcat -G as a background process that writes its records to a file."""

    def __init__(self, address, group, topic, output):
        self.output = Path(output)
        self.file = self.output.open("w")
        self.process = subprocess.Popen(
            ["kcat", "-b", address, "-G", group, "-u", "-q", "-X", "auto.offset.reset=earliest",
             "-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=200",
             "-f", "%p %o %k %s\n", topic],
            stdout=self.file, stderr=subprocess.DEVNULL)

    def lines(self):
        return self.output.read_text().splitlines()

    def stop(self):
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.file.close()


def wait_until(condition, what, timeout_s=TIMEOUT_S):
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(0.02)


class KcatTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = BrokerProcess(BINARY, partitions=1)
        cls.broker.start()
        cls.address = cls.broker.address

    @classmethod
    def tearDownClass(cls):
        assert cls.broker.stop() == 0, "a broker that gets SIGTERM ends with 0"

    def test_lists_the_broker_and_its_topics(self):
        millrace(self.address, "topic", "create", "listed", "--partitions", "3")

        cluster = json.loads(kcat(self.address, "-L", "-J"))

        self.assertEqual([broker["name"] for broker in cluster["brokers"]], [self.address])
        topics = {topic["topic"]: topic for topic in cluster["topics"]}
        self.assertEqual(len(topics["listed"]["partitions"]), 3)
        for partition in topics["listed"]["partitions"]:
            self.assertEqual(partition["leader"], cluster["brokers"][0]["id"])

    def test_every_codec_comes_back_as_it_went(self):
        for codec in CODECS:
            with self.subTest(codec=codec):
                topic = f"codec-{codec}"
                values = [f"{codec} record {i} " + "x" * (i % 300) for i in range(2000)]
                kcat(self.address, "-P", "-t", topic, "-z", codec, stdin="\n".join(values) + "\n")

                back = kcat(self.address, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-u",
                            "-X", "check.crcs=true", "-f", "%s\n")

                self.assertEqual(back.splitlines(), values)
                # Our own client reads what librdkafka compressed.
                ours = millrace(self.address, "consume", topic, "--count", str(len(values)))
                self.assertEqual(ours.splitlines(), values)

    def test_reads_what_our_producer_compressed(self):
        for codec in CODECS:
            with self.subTest(codec=codec):
                topic = f"ours-{codec}"
                values = [f"{codec} value {i}" for i in range(1000)]
                subprocess.run([BINARY, "produce", topic, "-z", codec, "-b", self.address, "-q"],
                               input="\n".join(values) + "\n", text=True, check=True,
                               timeout=TIMEOUT_S)
                back = kcat(self.address, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-u",
                            "-X", "check.crcs=true", "-f", "%s\n")
                self.assertEqual(back.splitlines(), values)

    def test_headers_and_tombstones_survive(self):
        kcat(self.address, "-P", "-t", "headers", "-K", ":", "-Z", "-H", "trace=t1", "-H", "hop=2",
             stdin="alice:hello\nbob:\n")
        back = kcat(self.address, "-C", "-t", "headers", "-o", "beginning", "-e", "-q", "-Z",
                    "-f", "%k|%s|%h\n")
        self.assertEqual(back.splitlines(),
                         ["alice|hello|trace=t1,hop=2", "bob|NULL|trace=t1,hop=2"])

    def test_keys_of_four_partitions_lie_where_the_java_client_would_put_them(self):
        millrace(self.address, "topic", "create", "keyed", "--partitions", "4")
        keys = [f"key-{i}" for i in range(400)]
        kcat(self.address, "-P", "-t", "keyed", "-K", ":", "-X",
             "topic.partitioner=murmur2_random",
             stdin="".join(f"{key}:theirs\n" for key in keys))
        subprocess.run([BINARY, "produce", "keyed", "-K", ":", "-b", self.address, "-q"],
                       input="".join(f"{key}:ours\n" for key in keys), text=True, check=True,
                       timeout=TIMEOUT_S)

        rows = [row.split(" ") for row in kcat(
            self.address, "-C", "-t", "keyed", "-o", "beginning", "-e", "-q", "-f",
            "%p %o %k %s\n").splitlines()]

        places = {}
        for partition, _, key, who in rows:
            places.setdefault(key, {})[who] = partition
        self.assertEqual(len(places), len(keys))
        for key, place in places.items():
            self.assertEqual(place["theirs"], place["ours"], key)
        self.assertEqual({row[0] for row in rows}, {"0", "1", "2", "3"})
        for number in "0123":
            offsets = [int(row[1]) for row in rows if row[0] == number]
            self.assertEqual(sorted(offsets), list(range(len(offsets))))

    def test_a_group_of_two_shares_the_partitions_and_commits(self):
        millrace(self.address, "topic", "create", "shared", "--partitions", "4")
        with tempfile.TemporaryDirectory() as scratch:
            members = [GroupMember(self.address, "pair", "shared", f"{scratch}/{i}")
                       for i in range(2)]
            try:
                def owners():
                    described = subprocess.run(
                        [BINARY, "group", "describe", "pair", "-f", "json", "-b", self.address],
                        text=True, capture_output=True, timeout=TIMEOUT_S, check=False)
                    if "GROUP_ID_NOT_FOUND" in described.stderr:
                        return []  # nobody has joined yet
                    groups = json.loads(described.stdout)
                    return [member["partitions"] for member in groups[0]["members"]]
                wait_until(lambda: sorted(owners()) == [2, 2], "both members own two partitions")

                keys = [f"key-{i}" for i in range(400)]
                kcat(self.address, "-P", "-t", "shared", "-K", ":",
                     stdin="".join(f"{key}:v\n" for key in keys))
                wait_until(lambda: sum(len(member.lines()) for member in members) >= len(keys),
                           "all records were read")
            finally:
                for member in members:
                    member.stop()

            rows = [[line.split(" ") for line in member.lines()] for member in members]
            self.assertEqual(sorted(row[2] for part in rows for row in part), sorted(keys))
            owned = [{row[0] for row in part} for part in rows]
            self.assertEqual(owned[0] & owned[1], set())
            self.assertEqual(owned[0] | owned[1], {"0", "1", "2", "3"})
            described = json.loads(millrace(self.address, "group", "describe", "pair", "-f", "json"))
            self.assertEqual(described[0]["lag"], 0)

    def test_offsets_can_be_asked_by_time(self):
        kcat(self.address, "-P", "-t", "timed", stdin="a\nb\n")
        time.sleep(0.02)
        later = int(time.time() * 1000)
        time.sleep(0.02)
        kcat(self.address, "-P", "-t", "timed", stdin="c\n")
        back = kcat(self.address, "-C", "-t", "timed", "-o", f"s@{later}", "-e", "-q", "-f", "%o %s\n")
        self.assertEqual(back, "2 c\n")


class RestartTest(unittest.TestCase):
    def test_records_outlive_a_clean_and_an_unclean_stop(self):
        with tempfile.TemporaryDirectory() as data:
            broker = BrokerProcess(BINARY, data_directory=data)
            for round_number, how in enumerate([signal.SIGTERM, signal.SIGKILL, signal.SIGINT]):
                broker.start()
                kcat(broker.address, "-P", "-t", "kept", "-X", "acks=all", stdin=f"round {round_number}\n")
                broker.stop(how)
            broker.start()
            try:
                back = kcat(broker.address, "-C", "-t", "kept", "-o", "beginning", "-e", "-q")
            finally:
                broker.stop()
            self.assertEqual(back.splitlines(), ["round 0", "round 1", "round 2"])


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main(verbosity=2)
