"""The client against librdkafka by turns, on our broker and on Apache Kafka. Run by run.py as the suite "client"."""

import contextlib
import shutil
import statistics
import sys

from contenders import Kafka, Millrace, why_no_kafka
from programs import BUILD, ROOT, build, delete_topic, make_topic, run_json, run_load, shown_size
from results import median_of, row

FOLDER = ROOT / "build/bench/client"
RECORDS = {100: 2_000_000, 1024: 400_000}
CODECS = ["none", "lz4"]
AWAITED = 3_000
PROGRAMS = ["client_load", "rdkafka_load"]  # ours, and the peer
NAMES = {"ours": "client", "peer": "client on Apache Kafka"}  # by whose broker it is


def run(runs):
    build("millrace", "loopback_load", *PROGRAMS)
    reason = why_no_kafka()
    if reason:
        print(f"client: WITHOUT APACHE KAFKA, only our broker is used: {reason}", file=sys.stderr)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    rows = []
    try:
        for kind in [Millrace] if reason else [Millrace, Kafka]:
            with contextlib.ExitStack() as stack:
                broker = stack.enter_context(kind(FOLDER))
                broker.start()
                one_round(broker, 1024, "none", "warm-up")
                for size in RECORDS:
                    for codec in CODECS:
                        rows += measure(broker, size, codec, runs)
                rows += measure_awaited(broker, runs)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    return rows


def measure(broker, size, codec, runs):
    rounds = [one_round(broker, size, codec, f"{size}-{codec}-{index}") for index in range(runs)]
    rows = []
    for what in ("produce", "consume"):
        results = [[each[what, program] for each in rounds] for program in PROGRAMS]
        name = f"{NAMES[broker.whose]}: {what} {shown_size(size)} {codec}"
        cpu = [median_of(each, "cpu_ns_per_record") for each in results]
        rows += [row(name, "records per CPU s", 1e9 / cpu[0], 1e9 / cpu[1]),
                 row(f"{name}, wall", "records/s", *(median_of(each, "records_per_s") for each in results)),
                 row(f"{name}, CPU", "ns/record", *cpu, best="lower")]
    return rows


def measure_awaited(broker, runs):
    """One record after the other, each when the one before is acknowledged; both with their default properties."""
    size = 100
    results = [[] for _ in PROGRAMS]
    loopback_ms = []
    for index in range(runs):
        for program, result in zip(PROGRAMS, results):
            topic = f"{program}-awaited-{index}"
            make_topic(broker.address, topic)
            result.append(run_load(program, "await", broker.address, topic, AWAITED, size))
            delete_topic(broker.address, topic)
        loopback_ms.append(run_json([BUILD / "bench/loopback_load", AWAITED, size])["p50_ms"])
    name = f"{NAMES[broker.whose]}: awaited produce {shown_size(size)}"
    p50 = [median_of(each, "p50_ms") for each in results]
    return [row(f"{name}, p50", "ms", *p50, best="lower"),
            row(f"{name}, p99", "ms", *(median_of(each, "p99_ms") for each in results), best="lower"),
            row(f"{name}, p50 in round trips of the loopback", "", p50[0] / statistics.median(loopback_ms),
                p50[1] / statistics.median(loopback_ms), best="lower")]


def one_round(broker, size, codec, suffix):
    """Each program once in each way: (way, program) -> what it said. Both read what ours wrote."""
    topics = {program: f"{program}-{suffix}" for program in PROGRAMS}
    said = {}
    for program, topic in topics.items():
        make_topic(broker.address, topic)
        said["produce", program] = run_load(program, "produce", broker.address, topic, RECORDS[size], size, codec)
    for program in PROGRAMS:
        said["consume", program] = run_load(program, "consume", broker.address, topics[PROGRAMS[0]], RECORDS[size],
                                            size, codec)
    for topic in topics.values():
        delete_topic(broker.address, topic)
    return said
