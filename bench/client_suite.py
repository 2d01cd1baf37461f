"""The client against librdkafka and franz-go by turns, on our broker and on Apache Kafka. Run by run.py as the suite
"client"."""

import contextlib
import shutil
import statistics
import sys

import client_peers
from contenders import Kafka, Millrace, why_no_kafka
from programs import BUILD, ROOT, build, delete_topic, make_topic, run_json, shown_size
from results import median_of, row

FOLDER = ROOT / "build/bench/client"
RECORDS = {100: 2_000_000, 1024: 400_000}
CODECS = ["none", "lz4"]
AWAITED = 3_000
NAMES = {"ours": "client", "peer": "client on Apache Kafka"}  # by whose broker it is


def run(runs):
    build("millrace", "loopback_load", "client_load", "rdkafka_load")
    reason = why_no_kafka()
    if reason:
        print(f"client: WITHOUT APACHE KAFKA, only our broker is used: {reason}", file=sys.stderr)
    ours, librdkafka, franz_go = client_peers.ours(), client_peers.librdkafka(), client_peers.franz_go()
    clients = [ours, librdkafka, *([franz_go] if franz_go else [])]
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    rows = []
    try:
        for kind in [Millrace] if reason else [Millrace, Kafka]:
            with contextlib.ExitStack() as stack:
                broker = stack.enter_context(kind(FOLDER))
                broker.start()
                one_round(broker, clients, 1024, "none", "warm-up")
                for size in RECORDS:
                    for codec in CODECS:
                        rows += measure(broker, clients, size, codec, runs)
                rows += measure_awaited(broker, [ours, librdkafka], runs)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    return rows


def measure(broker, clients, size, codec, runs):
    """A row for each way and peer; those of librdkafka, the first, do not say its name."""
    rounds = [one_round(broker, clients, size, codec, f"{size}-{codec}-{index}") for index in range(runs)]
    rows = []
    for what in ("produce", "consume"):
        cpu, wall = ({client.name: median_of([each[what, client.name] for each in rounds], key) for client in clients}
                     for key in ("cpu_ns_per_record", "records_per_s"))
        ours, *peers = (client.name for client in clients)
        for peer in peers:
            name = f"{NAMES[broker.whose]}: {what} {shown_size(size)} {codec}"
            name += "" if peer == peers[0] else f", {peer}"
            rows += [row(name, "records per CPU s", 1e9 / cpu[ours], 1e9 / cpu[peer]),
                     row(f"{name}, wall", "records/s", wall[ours], wall[peer]),
                     row(f"{name}, CPU", "ns/record", cpu[ours], cpu[peer], best="lower")]
    return rows


def measure_awaited(broker, clients, runs):
    """One record after the other, each when the one before is acknowledged; both with their default properties."""
    size = 100
    results = [[] for _ in clients]
    loopback_ms = []
    for index in range(runs):
        for client, result in zip(clients, results):
            topic = f"{client.name}-awaited-{index}"
            make_topic(broker.address, topic)
            result.append(client.load("await", broker.address, topic, AWAITED, size))
            delete_topic(broker.address, topic)
        loopback_ms.append(run_json([BUILD / "bench/loopback_load", AWAITED, size])["p50_ms"])
    name = f"{NAMES[broker.whose]}: awaited produce {shown_size(size)}"
    p50 = [median_of(each, "p50_ms") for each in results]
    return [row(f"{name}, p50", "ms", *p50, best="lower"),
            row(f"{name}, p99", "ms", *(median_of(each, "p99_ms") for each in results), best="lower"),
            row(f"{name}, p50 in round trips of the loopback", "", p50[0] / statistics.median(loopback_ms),
                p50[1] / statistics.median(loopback_ms), best="lower")]


def one_round(broker, clients, size, codec, suffix):
    """Each client once in each way: (way, its name) -> what it said. All read what ours wrote."""
    topics = {client.name: f"{client.name}-{suffix}" for client in clients}
    said = {}
    for client in clients:
        topic = topics[client.name]
        make_topic(broker.address, topic)
        said["produce", client.name] = client.load("produce", broker.address, topic, RECORDS[size], size, codec)
    for client in clients:
        said["consume", client.name] = client.load("consume", broker.address, topics[clients[0].name], RECORDS[size],
                                                   size, codec)
    for topic in topics.values():
        delete_topic(broker.address, topic)
    return said
