"""Transactions a second on our broker and on Apache Kafka, with our client and with librdkafka. Run by run.py as the
suite "transactions"."""

import sys
import time

import client_peers
from contenders import contenders
from programs import ROOT, build, cpu_seconds, delete_topic, make_topic, shown_size
from results import Figures

FOLDER = ROOT / "build/bench/transactions"
SIZE, RECORDS, PARTITIONS = 100, 100, 4  # of a transaction; as in load.h
TRANSACTIONS = 500


def run(runs):
    build("millrace", "client_load", "rdkafka_load")
    with contenders("transactions", FOLDER) as both:
        return measure(both, runs)


def measure(both, runs):
    clients = {"our client": client_peers.ours(), "librdkafka": client_peers.librdkafka()}
    figures = Figures()
    for contender in both:
        contender.start()
        for client in clients.values():
            transact(contender, client)
    for index in range(runs):
        print(f"transactions: run {index + 1}", file=sys.stderr)
        for contender in both if index % 2 == 0 else both[::-1]:
            for shown, client in clients.items():
                said, cpu_s = transact(contender, client)
                name = f"transactions: {RECORDS} records of {shown_size(SIZE)}, {shown}"
                figures.add(contender.whose, name, "transactions/s", said["per_s"])
                figures.add(contender.whose, f"{name}, p50", "ms", said["p50_ms"], best="lower")
                figures.add(contender.whose, f"{name}, p99", "ms", said["p99_ms"], best="lower")
                figures.add(contender.whose, f"{name}, broker's CPU", "ms/transaction", cpu_s / TRANSACTIONS * 1e3,
                            best="lower")
    return figures.rows()


def transact(contender, client):
    """What the client's program said, and the broker's CPU seconds meanwhile."""
    topic = f"transactions-{time.monotonic_ns()}"
    make_topic(contender.address, topic, PARTITIONS)
    before = cpu_seconds(contender.pid)
    said = client.load("transact", contender.address, topic, TRANSACTIONS * RECORDS, SIZE)
    cpu_s = cpu_seconds(contender.pid) - before
    delete_topic(contender.address, topic)
    return said, cpu_s
