#!/usr/bin/env python3
"""Commands on a cluster whose brokers advertise addresses that lead nowhere.

Run as: advertised_addresses_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

BINARY = None
TOLD_WITHIN_S = 2
PATIENCE_S = 30
API_VERSIONS, DESCRIBE_CLUSTER = 18, 60
UNSUPPORTED_VERSION = 35


def compact(value):
    return bytes([len(value) + 1]) + value.encode()


class Advertiser:
    """Answers ApiVersions and DescribeCluster as a broker would: `brokers` are (id, host, port)."""

    def __init__(self, *brokers):
        self.brokers = brokers
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer_all, args=(connection,), daemon=True).start()

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

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


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


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main(verbosity=2)
