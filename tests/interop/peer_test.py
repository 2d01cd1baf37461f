#!/usr/bin/env python3
"""One client library against the broker: peer_test.py CLIENT MILLRACE, or --brokers HOST:PORT for a cluster
that runs already, which tells a fault of the test from one of the broker."""

import os
import queue
import sys

import proof
from counted_broker import CountedBroker, RunningCluster
from driver_process import Driver
from group_scenario import GroupScenario
from transaction_scenario import Abilities, TransactionScenario

DRIVERS = proof.ROOT / "tests" / "interop" / "drivers"
ALL_CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def python_driver(name):
    return [str(proof.tool_chain("python") / "bin" / "python"), str(DRIVERS / f"{name}_driver.py")], {}


def node_driver(name):
    node = proof.tool_chain("node")
    return [str(node / "bin" / "node"), str(DRIVERS / f"{name}_driver.js")], {"NODE_PATH": str(node / "node_modules")}


def go_driver(name):
    return [str(proof.tool_chain("go") / name)], {}


CLIENTS = {  # name -> (what it is called, how its driver is started)
    "aiokafka": ("aiokafka", lambda: python_driver("aiokafka")),
    "confluent": ("confluent-kafka", lambda: python_driver("confluent")),
    "kafkajs": ("kafkajs", lambda: node_driver("kafkajs")),
    "platformatic": ("@platformatic/kafka", lambda: node_driver("platformatic")),
    "franz_go": ("franz-go", lambda: go_driver("franz_go")),
}
# Whose driver has transactions -> what it has of them.
TRANSACTIONS = {
    "aiokafka": Abilities(),
    "confluent": Abilities(),
    "kafkajs": Abilities(),
    # Its readers keep one aborted transaction of each producer, and of a second one in the same answer give the records,
    # from Apache Kafka as from ours.
    "platformatic": Abilities(commits_offsets=False, leaves_out_many=False),
    "franz_go": Abilities(commits_offsets=False),
}


def main():
    client, *where = sys.argv[1:]
    name, make_driver = CLIENTS[client]
    proof.forget(name)
    command, extra = make_driver()
    environment = {**os.environ, **extra}
    cluster = RunningCluster(where[1]) if where[0] == "--brokers" else CountedBroker(where[0])

    with cluster:
        events = queue.Queue()

        def start(member):
            return Driver(member, command, cluster.address, events, environment)

        proved = GroupScenario(start, events, ALL_CODECS, cluster.batches).run()
        if client in TRANSACTIONS:
            proved["features"] += TransactionScenario(start, TRANSACTIONS[client]).run()
    if where[0] != "--brokers":
        proof.write(name, requests=cluster.requests, **proved)


if __name__ == "__main__":
    main()
