#!/usr/bin/env python3
"""Our clients on three brokers of Apache Kafka, of which one is killed or stands still at random, or is cut off where that
is asked for, round after round: nothing that was acknowledged is lost, nothing doubled, nothing seen that was aborted, and
no transaction is half there.

Run as: broken_cluster_test.py PATH_TO_LOAD_PEER [unittest arguments]. For more rounds than a test run has time for:
MILLRACE_KILLS=300. With MILLRACE_CUTS=1 brokers are cut off, too.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

import proof
from divided_network import DividedNetwork, unshare_network
from kafka_cluster import KafkaCluster

BROKERS = 3
ROUNDS = int(os.environ.get("MILLRACE_KILLS", "3"))
CUTS = os.environ.get("MILLRACE_CUTS") == "1"
PATIENCE_S = 120
SEED = 30
BEYOND_ITS_SESSION_S = 5  # which is 3 s in such a cluster


class Load:
    """The peer at work."""

    def __init__(self, cluster):
        self.committed = 0
        self.wrong = []
        self._process = subprocess.Popen([PEER, cluster.address, str(BROKERS)], text=True, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            if line.strip().isdigit():
                self.committed = int(line)
            else:
                self.wrong.append(line.strip())

    def works_on(self, transactions):
        """Waits until so many more were committed."""
        wanted, deadline = self.committed + transactions, time.monotonic() + PATIENCE_S
        while self.committed < wanted:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the work came to a halt at {self.committed} transactions: {self.wrong}")
            time.sleep(0.05)

    def end(self):
        """What is wrong."""
        self._process.stdin.close()
        status = self._process.wait(3 * PATIENCE_S)
        self._reader.join()
        self._process.stdout.close()
        return self.wrong or ([f"it ended with {status}"] if status else [])

    def kill(self):
        self._process.kill()
        self._process.wait()


class BrokenCluster(unittest.TestCase):
    def test_nothing_is_lost_doubled_or_half_seen(self):
        chance = random.Random(SEED)
        network = DividedNetwork(BROKERS) if CUTS else None
        if network:
            self.addCleanup(network.close)
        faults = [self.kill, self.hold] + ([self.cut_off] if network else [])
        with KafkaCluster(BROKERS, properties={"log.cleaner.backoff.ms": "500"}, network=network) as cluster:
            self.network = network
            load = Load(cluster)
            self.addCleanup(load.kill)
            load.works_on(5)
            for number in range(ROUNDS):
                node = chance.randrange(BROKERS)
                fault = chance.choice(faults)
                print(f"round {number}: {fault.__name__} {node}, after {load.committed} transactions", flush=True)
                with self.subTest(round=number, node=node, fault=fault.__name__):
                    fault(cluster, node, chance)
                    load.works_on(chance.randrange(5, 30))
            self.assertEqual(load.end(), [])
            print(f"{ROUNDS} rounds, {load.committed} transactions", flush=True)

    @staticmethod
    def kill(cluster, node, chance):
        cluster.kill(node)
        time.sleep(chance.uniform(0, 4))
        cluster.start(node)

    @staticmethod
    def hold(cluster, node, chance):
        """Until the others have given it up: it goes on as if nothing had been, and has to hear that it leads no more."""
        os.kill(cluster.pid(node), signal.SIGSTOP)
        time.sleep(BEYOND_ITS_SESSION_S + chance.uniform(0, 2))
        os.kill(cluster.pid(node), signal.SIGCONT)

    def cut_off(self, cluster, node, chance):
        """It goes on without the others and its clients, whose connections to it never break."""
        self.network.cut(node)
        with self.assertRaises(TimeoutError):
            socket.create_connection(cluster.address_of(node), timeout=1)
        time.sleep(BEYOND_ITS_SESSION_S + chance.uniform(0, 2))
        self.network.mend(node)


if __name__ == "__main__":
    proof.tool_chain("java")  # first: there are no registries in a network of our own
    if CUTS and (why_not := unshare_network()):
        sys.exit(f"wanted a network of namespaces to cut brokers off, which cannot be had: {why_not}")
    PEER = sys.argv.pop(1)
    unittest.main(verbosity=2)
