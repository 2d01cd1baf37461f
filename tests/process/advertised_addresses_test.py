#!/usr/bin/env python3
"""Commands on a cluster whose brokers advertise addresses that lead nowhere.

Run as: advertised_addresses_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from broker_case import DONE, BrokerCase, wait_for  # noqa: E402
from listener import Listener  # noqa: E402

BINARY = None
# It takes 2; a busy machine takes its time. What is not told by itself is told after a minute, at the end of the call.
TOLD_WITHIN_S = 20
PATIENCE_S = 90
API_VERSIONS, DESCRIBE_CLUSTER = 18, 60
UNSUPPORTED_VERSION = 35


def compact(value):
    return bytes([len(value) + 1]) + value.encode()


class Advertiser(Listener):
    """Answers ApiVersions and DescribeCluster as a broker would: `brokers` are (id, host, port)."""

    def __init__(self, *brokers):
        self.brokers = brokers
        super().__init__(self.answer_all)

    def answer_all(self, connection):
        with connection, connection.makefile("rb") as stream:
            while size := stream.read(4):
                frame = stream.read(struct.unpack(">i", size)[0])
                api, version, correlation = struct.unpack(">hhi", frame[:8])
                answer = self.versions(version) if api == API_VERSIONS else self.cluster()
                answer = struct.pack(">i", correlation) + answer
                connection.sendall(struct.pack(">i", len(answer)) + answer)

    def versions(self, version):
        error = 0 if version == 0 else UNSUPPORTED_VERSION
        rows = [(API_VERSIONS, 0, 0), (DESCRIBE_CLUSTER, 0, 0)]
        return struct.pack(">hi", error, len(rows)) + b"".join(struct.pack(">hhh", *row) for row in rows)

    def cluster(self):
        rows = b"".join(struct.pack(">i", node) + compact(host) + struct.pack(">i", port) + b"\0\0"
                        for node, host, port in self.brokers)
        return (b"\0" + struct.pack(">ih", 0, 0) + b"\0" + compact("cluster") + struct.pack(">i", 1)
                + bytes([len(self.brokers) + 1]) + rows + struct.pack(">i", 0) + b"\0")


class Relay(Listener):
    """Stands before a broker and says in its name where clients are to connect: at `advertised`."""

    def __init__(self, broker_address, port=0):
        host, broker_port = broker_address.rsplit(":", 1)
        self.broker = (host, int(broker_port))
        super().__init__(self.relay, port)
        self.advertised = self.own

    def relay(self, client):
        with socket.create_connection(self.broker) as broker:
            onward = threading.Thread(target=self.forward, args=(client, broker), daemon=True)
            onward.start()
            self.forward(broker, client, self.rewritten)
            onward.join()

    def rewritten(self, frame):
        host, port = self.advertised
        return frame.replace(compact(self.broker[0]) + struct.pack(">i", self.broker[1]),
                             compact(host) + struct.pack(">i", port))

    @staticmethod
    def forward(source, target, change=lambda frame: frame):
        try:
            with source.makefile("rb") as stream:
                while size := stream.read(4):
                    frame = change(stream.read(struct.unpack(">i", size)[0]))
                    target.sendall(struct.pack(">i", len(frame)) + frame)
        except OSError:
            pass  # one of them has gone
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class DropsPackets:
    """An address that lets no connection come about: its queue of waiting connections is full."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.address = self.listener.getsockname()
        self.waiting = []
        for _ in range(4):
            each = socket.socket()
            each.setblocking(False)
            each.connect_ex(self.address)
            self.waiting.append(each)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in [*self.waiting, self.listener]:
            each.close()


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


COMMANDS = [["group", "list"], ["topic", "list"], ["topic", "describe", "t"], ["consume", "t"],
            ["consume", "t", "-g", "g", "-e"], ["produce", "t"]]


class AdvertisedAddresses(unittest.TestCase):
    def run_command(self, cluster, command, *arguments):
        began = time.monotonic()
        done = subprocess.run([BINARY, *command, "--brokers", cluster.address, *arguments], text=True, input="x\n",
                              capture_output=True, timeout=PATIENCE_S, check=False)
        return done, time.monotonic() - began

    def check_told_at_once(self, cluster, *wanted):
        for command in COMMANDS:
            with self.subTest(command=" ".join(command)):
                done, took_s = self.run_command(cluster, command)
                self.assertEqual(done.returncode, 1, done.stderr)
                for text in wanted:
                    self.assertIn(text, done.stderr)
                self.assertLess(took_s, TOLD_WITHIN_S)

    def test_a_host_that_does_not_resolve_is_named_with_who_advertises_it(self):
        # A name that no resolver asks anybody about: a label has 63 bytes at most.
        host = "kafka-internal." + "x" * 64 + ".invalid"
        with Advertiser((1, host, 19092)) as cluster:
            self.check_told_at_once(cluster, f"broker 1 at {host}:19092", "does not resolve", "advertised.listeners")

    def test_a_port_where_nobody_listens_is_named_with_who_advertises_it(self):
        port = closed_port()
        with Advertiser((1, "127.0.0.1", port)) as cluster:
            self.check_told_at_once(cluster, f"broker 1 at 127.0.0.1:{port}", "refused", "advertised.listeners")

    def test_an_address_that_drops_packets_is_told_of_after_two_seconds_and_given_up_at_the_time_out(self):
        with DropsPackets() as nowhere, Advertiser((1, *nowhere.address)) as cluster:
            done, took_s = self.run_command(cluster, ["group", "list"], "-X", "socket.connection.setup.timeout.ms=3000")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("has not answered within 2 s", done.stderr)
            self.assertIn(f"broker 1 at 127.0.0.1:{nowhere.address[1]}", done.stderr)
            self.assertGreater(took_s, 2.9)

    def test_what_the_brokers_advertise_can_be_looked_at_all_the_same(self):
        with Advertiser((1, "127.0.0.1", closed_port())) as cluster:
            done, _ = self.run_command(cluster, ["cluster", "info"])
            self.assertEqual(done.returncode, 0, done.stderr)


class WhileItRuns(BrokerCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="millrace-test-")
        self.addCleanup(self.scratch.cleanup)
        self.nowhere = DropsPackets()
        self.addCleanup(self.nowhere.__exit__)
        # Host, port, and what is said of it. No resolver asks anybody about a name with an empty label.
        self.places = [("no..where", 19092, "does not resolve"), ("127.0.0.1", closed_port(), "refused"),
                       (*self.nowhere.address, "has not answered")]

    def follow(self, relay, *arguments, **streams):
        """A command that goes on and on, and what it says so far."""
        said = Path(self.scratch.name) / "said"
        with open(said, "w") as err:
            process = self.start(*arguments, "-b", relay.address, "-X", "metadata.max.age.ms=50",
                                 "-X", "retry.backoff.ms=20", stderr=err, text=True, **streams)
        return process, said.read_text

    def check_told_once(self, said, host, port, reason):
        began = time.monotonic()
        wait_for("a word", lambda: "cannot be reached" in said())
        self.assertLess(time.monotonic() - began, TOLD_WITHIN_S + 0.5)  # 0.5 to learn of the address
        self.assertRegex(said(), rf"^millrace: broker 1 at {host}:{port}, as it advertises, cannot be reached: "
                                 rf"[^\n]*{reason}[^\n]*; trying on\n[^\n]*advertised.listeners")

    def test_a_consumer_says_so_once_and_reads_on_where_the_broker_is_again(self):
        for host, port, reason in self.places:
            topic = f"read-{port}"
            self.run_ok("produce", topic, "-q", stdin="one\n")
            with self.subTest(reason), Relay(self.broker.address) as relay:
                reader, said = self.follow(relay, "consume", topic, stdout=subprocess.PIPE)
                self.assertEqual(reader.stdout.readline(), "one\n")
                relay.advertised = (host, port)
                self.check_told_once(said, host, port, reason)
                self.run_ok("produce", topic, "-q", stdin="two\n")
                relay.advertised = relay.own
                self.assertEqual(reader.stdout.readline(), "two\n")
                self.assertEqual(said().count("cannot be reached"), 1, said())
                reader.terminate()
                self.assertEqual(reader.wait(PATIENCE_S), DONE)
                reader.stdout.close()

    def test_a_producer_says_so_once_and_writes_on_where_the_broker_is_again(self):
        for host, port, reason in self.places:
            topic = f"written-{port}"
            self.run_ok("topic", "create", topic)
            with self.subTest(reason), Relay(self.broker.address) as relay:
                writer, said = self.follow(relay, "produce", topic, stdin=subprocess.PIPE)
                writer.stdin.write("one\n")
                writer.stdin.flush()
                wait_for("the first line", lambda: self.run_ok("consume", topic, "-e") == "one\n")
                relay.advertised = (host, port)
                time.sleep(0.3)  # for the metadata that says so
                writer.stdin.write("two\n")
                writer.stdin.flush()
                self.check_told_once(said, host, port, reason)
                relay.advertised = relay.own
                writer.stdin.close()
                self.assertEqual(writer.wait(PATIENCE_S), DONE)
                self.assertEqual(self.run_ok("consume", topic, "-e"), "one\ntwo\n")
                self.assertEqual(said().count("cannot be reached"), 1, said())
                self.assertRegex(said(), "produced 2 records to")

    def test_a_broker_that_answers_again_is_told_of(self):
        topic = "again"
        self.run_ok("produce", topic, "-q", stdin="one\n")
        with Relay(self.broker.address) as relay:
            reader, said = self.follow(relay, "consume", topic, stdout=subprocess.PIPE)
            self.assertEqual(reader.stdout.readline(), "one\n")
            place = ("127.0.0.1", closed_port())
            relay.advertised = place
            self.check_told_once(said, *place, "refused")
            with Relay(self.broker.address, port=place[1]):
                wait_for("good news", lambda: f"broker 1 at 127.0.0.1:{place[1]}, as it advertises, can be reached again"
                         in said())
            reader.terminate()
            reader.wait(PATIENCE_S)
            reader.stdout.close()


if __name__ == "__main__":
    BINARY = BrokerCase.binary = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
