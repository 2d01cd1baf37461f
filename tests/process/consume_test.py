#!/usr/bin/env python3
"""`millrace consume` while the world around it changes: members are expelled, partitions are added.

Run as: consume_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import json
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from broker_process import BrokerProcess  # noqa: E402

BINARY = None
PATIENCE_S = 90


class Consumer:
    """`millrace consume` as a child whose lines can be waited for."""

    def __init__(self, address, *arguments):
        self.process = subprocess.Popen([BINARY, "consume", *arguments, "--brokers", address], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines = queue.Queue()
        self.said = []
        self.threads = [threading.Thread(target=each, daemon=True) for each in (self._read, self._listen)]
        for thread in self.threads:
            thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def _listen(self):
        for line in self.process.stderr:
            self.said.append(line)

    def next(self):
        try:
            return self.lines.get(timeout=PATIENCE_S)
        except queue.Empty:
            raise AssertionError(f"no line came; on stderr: {''.join(self.said)}") from None

    def until(self, wanted):
        while self.next() != wanted:
            pass

    def heard(self, text):
        deadline = time.monotonic() + PATIENCE_S
        while not any(text in line for line in self.said):
            if time.monotonic() > deadline:
                raise AssertionError(f"wanted \"{text}\" on stderr, found: {''.join(self.said)}")
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self.threads:
            thread.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def expel(address, group, member):
    """LeaveGroup v3 in that member's name, from another connection."""
    host, port = address.rsplit(":", 1)
    body = text(group) + struct.pack(">i", 1) + text(member) + struct.pack(">h", -1)
    frame = struct.pack(">hhi", 13, 3, 1) + text("stranger") + body
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as connection:
        connection.sendall(struct.pack(">i", len(frame)) + frame)
        connection.recv(4)


class Consume(unittest.TestCase):
    def setUp(self):
        self.broker = BrokerProcess(BINARY)
        self.broker.start()
        self.addCleanup(self.broker.__exit__)

    def millrace(self, *arguments, stdin=None):
        done = subprocess.run([BINARY, *arguments, "--brokers", self.broker.address], text=True, input=stdin,
                              capture_output=True, timeout=PATIENCE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def produce(self, *lines, partition=None):
        where = ["--partition", str(partition)] if partition is not None else []
        self.millrace("produce", "t", *where, stdin="".join(f"{line}\n" for line in lines))

    def member_of(self, group):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            described = json.loads(self.millrace("group", "describe", group, "--format", "json"))
            if described and described[0]["members"]:
                return described[0]["members"][0]["member"]
            time.sleep(0.02)
        raise AssertionError(f"no member of {group}")

    def test_an_expelled_member_says_so_joins_again_and_reads_on(self):
        self.millrace("topic", "create", "t")
        self.produce("one")
        # Heartbeats come too late to tell it: the next commit meets the group without it.
        patient = ["-X", "session.timeout.ms=240000", "-X", "heartbeat.interval.ms=60000"]
        with Consumer(self.broker.address, "t", "--group", "g", *patient) as consumer:
            self.assertEqual(consumer.next(), "one")
            expel(self.broker.address, "g", self.member_of("g"))

            self.produce("two")
            consumer.until("two")
            consumer.heard("UNKNOWN_MEMBER_ID")
            self.produce("three")
            consumer.until("three")

            self.assertEqual(consumer.stop(), 0)
        described = json.loads(self.millrace("group", "describe", "g", "--format", "json"))
        self.assertEqual(described[0]["lag"], 0)

    def test_a_member_that_was_suspended_past_its_session_joins_again_and_reads_on(self):
        self.millrace("topic", "create", "t")
        self.produce("one")
        brief = ["-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=1000"]
        with Consumer(self.broker.address, "t", "--group", "g", *brief) as consumer:
            self.assertEqual(consumer.next(), "one")
            consumer.process.send_signal(signal.SIGSTOP)
            deadline = time.monotonic() + PATIENCE_S
            while json.loads(self.millrace("group", "describe", "g", "--format", "json"))[0]["members"]:
                self.assertLess(time.monotonic(), deadline, "the member was not expelled")
                time.sleep(0.1)
            self.produce("two")

            consumer.process.send_signal(signal.SIGCONT)

            consumer.until("two")
            consumer.heard("joining")
            self.assertEqual(consumer.stop(), 0)

    def test_partitions_that_a_topic_gains_are_read_without_a_group(self):
        self.millrace("topic", "create", "t")
        self.produce("one")
        with Consumer(self.broker.address, "t", "-X", "metadata.max.age.ms=100") as consumer:
            self.assertEqual(consumer.next(), "one")
            self.millrace("topic", "delete", "t")
            self.millrace("topic", "create", "t", "--partitions", "3")
            self.produce("two", partition=2)
            self.assertEqual(consumer.next(), "two")
            self.assertEqual(consumer.stop(), 0)


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main(verbosity=2)
