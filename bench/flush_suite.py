"""What is acknowledged is on disk: throughput against an Apache Kafka that flushes as often, and latency against the
disk's own. Run by run.py as the suite "flush"."""

import contextlib
import shutil
import sys

from contenders import Kafka, Millrace, why_no_kafka
from programs import BUILD, ROOT, build, delete_topic, make_topic, run_json, run_load, shown_size
from results import Figures

FOLDER = ROOT / "build/bench/flush"
SIZE, RECORDS = 1024, 300_000
PARTITIONS = [1, 8]
WARM_UP_SHARE = 4
POLICIES = ["group", "always"]
EACH_APPEND = {"log.flush.interval.messages": 1}  # what flush.messages is where a topic does not say

LATENCY_RATE, LATENCY_WARM_UP_S, LATENCY_S = 10_000, 5, 10


def run(runs):
    build("millrace", "client_load", "latency_load", "disk_load")
    reason = why_no_kafka()
    if reason:
        print(f"flush: WITHOUT APACHE KAFKA, ours alone is measured: {reason}", file=sys.stderr)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        with contextlib.ExitStack() as stack:
            ours = {policy: stack.enter_context(our_broker(policy)) for policy in POLICIES}
            peer = None if reason else stack.enter_context(Kafka(FOLDER, properties=EACH_APPEND))
            return measure(ours, peer, runs)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)


def our_broker(policy):
    folder = FOLDER / policy
    folder.mkdir()
    return Millrace(folder, fsync=policy)


def measure(ours, peer, runs):
    figures = Figures()
    everyone = [*ours.values(), *([peer] if peer else [])]
    for contender in everyone:
        contender.start()
        for partitions in PARTITIONS:
            records_per_s(contender, partitions, RECORDS // WARM_UP_SHARE)
    for index in range(runs):
        print(f"flush: run {index + 1}", file=sys.stderr)
        for partitions in PARTITIONS:
            speeds = {contender: records_per_s(contender, partitions, RECORDS)
                      for contender in (everyone if index % 2 == 0 else everyone[::-1])}
            for policy, contender in ours.items():
                name = (f"flush: produce {shown_size(SIZE)}, {partitions} partition{'s' if partitions > 1 else ''}, "
                        f"--fsync {policy}")
                for each in [contender, *([peer] if peer else [])]:
                    figures.add(each.whose, name, "records/s", speeds[each])
        latency(ours["group"], figures)
    return figures.rows()


@contextlib.contextmanager
def topic_on(contender, partitions):
    make_topic(contender.address, "flushed", partitions, file_delete_delay_ms=1000)
    yield "flushed"
    delete_topic(contender.address, "flushed")


def records_per_s(contender, partitions, records):
    with topic_on(contender, partitions) as topic:
        return run_load("client_load", "produce", contender.address, topic, records, SIZE)["records_per_s"]


def latency(contender, figures):
    """One after the other, so that they do not take the disk from each other."""
    pace = [LATENCY_RATE, SIZE, LATENCY_WARM_UP_S, LATENCY_S]
    disk = run_json([BUILD / "bench/disk_load", FOLDER / "disk", *pace])
    (FOLDER / "disk").unlink()
    with topic_on(contender, 1) as topic:
        came = run_json([BUILD / "bench/latency_load", contender.address, topic, *pace])
    name = "flush: produce to consume at 10,000/s, --fsync group"
    for quantile in ["p50", "p99"]:
        figures.add("ours", f"{name}, {quantile}", "ms", came[quantile], best="lower")
        figures.add("ours", f"flush: the disk's own, {quantile}", "ms", disk[f"{quantile}_ms"], best="lower")
    figures.add("ours", f"{name}, p99 beside the disk's own", "times", came["p99"] / disk["p99_ms"], best="lower")
