"""The broker against Apache Kafka: one broker each on the same disk, both leave flushing to the page cache, and
they are measured by turns; and beside a bare program. Run by run.py as the suite "broker"."""

import contextlib
import re
import shutil
import sys
import time

from contenders import BareBroker, Kafka, Millrace, run_kafka_tool, why_no_kafka
from programs import (ROOT, build, cpu_seconds, delete_topic, make_topic, millrace, resident_mib, run_json, run_load,
                      shown_size, BUILD)
from results import Figures

FOLDER = ROOT / "build/bench/broker"
RECORDS = {1024: 1_000_000, 100: 5_000_000}
CASES = [(size, partitions) for size in RECORDS for partitions in [1, 8]]
MODES = ["produce", "consume"]
WARM_UP_SHARE = 4  # of the records of each case

SETTLE_S, IDLE_S = 5, 10
LATENCY_RATE, LATENCY_BYTES, LATENCY_WARM_UP_S, LATENCY_S = 10_000, 1024, 5, 10

PRODUCER = ["acks=all", "linger.ms=5", "batch.size=131072", "compression.type=none"]


def run(runs):
    build("millrace", "client_load", "latency_load", "bare_broker")
    reason = why_no_kafka()
    if reason:
        print(f"broker: WITHOUT APACHE KAFKA, ours alone is measured: {reason}", file=sys.stderr)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        with contextlib.ExitStack() as stack:
            kinds = [Millrace] if reason else [Millrace, Kafka]
            loads = {"": own_load} if reason else {"": own_load, ", Kafka's tools": kafka_tool_load}
            return measure([stack.enter_context(kind(FOLDER)) for kind in kinds], loads, runs)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)


def measure(contenders, loads, runs):
    figures = Figures()
    for index in range(runs):
        say(f"start and idleness, run {index + 1}")
        start_and_idle(contenders, figures, f"first-{index}")
    say("warming up")
    for contender in contenders:
        contender.start()
        warm_up(contender, loads)
    for index in range(runs):
        say(f"load, run {index + 1}")
        turns = contenders if index % 2 == 0 else contenders[::-1]
        for case in CASES:
            bare = bare_cpu(case)
            for contender in turns:
                load(contender, figures, loads, case, bare)
        for contender in turns:
            latency(contender, figures)
        for contender in contenders:
            figures.add(contender.whose, "broker: RSS after load", "MiB", resident_mib(contender.pid), best="lower")
    return figures.rows()


def say(what):
    print(f"broker: {what}", file=sys.stderr)


# --- start and idleness -----------------------------------------------------------------------------


def start_and_idle(contenders, figures, topic):
    """The topic is made by the first record to it."""
    for contender in contenders:
        started = time.monotonic()
        contender.start()
        millrace("produce", topic, "-q", "-b", contender.address, text="x\n")
        figures.add(contender.whose, "broker: start to first acknowledged record", "ms",
                    (time.monotonic() - started) * 1000, best="lower")
    time.sleep(SETTLE_S)
    before = [cpu_seconds(contender.pid) for contender in contenders]
    time.sleep(IDLE_S)
    for contender, cpu in zip(contenders, before):
        figures.add(contender.whose, "broker: idle CPU", "% of a core",
                    (cpu_seconds(contender.pid) - cpu) / IDLE_S * 100, best="lower")
        figures.add(contender.whose, "broker: idle RSS", "MiB", resident_mib(contender.pid), best="lower")
    for contender in contenders:
        contender.stop()


# --- throughput and CPU -----------------------------------------------------------------------------


@contextlib.contextmanager
def topic_on(contender, partitions):
    """A topic whose files are gone soon after it, so that the disk holds one case at a time."""
    name = f"load-{time.monotonic_ns()}"
    make_topic(contender.address, name, partitions, file_delete_delay_ms=1000)
    yield name
    delete_topic(contender.address, name)


def own_load(contender, mode, topic, records, size):
    return run_load("client_load", mode, contender.address, topic, records, size)["records_per_s"]


def kafka_tool_load(contender, mode, topic, records, size):
    if mode == "produce":
        said = run_kafka_tool("ProducerPerformance", "--topic", topic, "--num-records", records, "--record-size", size,
                              "--throughput", -1, "--producer-props", f"bootstrap.servers={contender.address}",
                              *PRODUCER)
        sent = re.findall(r"^(\d+) records sent, ([\d.]+) records/sec", said, re.MULTILINE)
        if not sent or int(sent[-1][0]) != records:
            raise RuntimeError(f"wanted {records} records sent, found:\n{said}")
        return float(sent[-1][1])
    said = run_kafka_tool("ConsumerPerformance", "--bootstrap-server", contender.address, "--topic", topic,
                          "--messages", records, "--hide-header")
    fields = said.strip().splitlines()[-1].split(", ")
    if int(fields[4]) != records:
        raise RuntimeError(f"wanted {records} records, found:\n{said}")
    return float(fields[9])  # without the time of joining its group


def bare_cpu(case):
    """What a bare program takes of the processor under our client's load, in s/GB by mode."""
    size, partitions = case
    with BareBroker(FOLDER, partitions) as bare:
        return {mode: cpu_of(bare, own_load, mode, "any", size)[0] for mode in MODES}


def cpu_of(broker, run_one, mode, topic, size):
    """One run of a load: the broker's CPU in s/GB, and how many records went through in a second."""
    records = RECORDS[size]
    before = cpu_seconds(broker.pid)
    speed = run_one(broker, mode, topic, records, size)
    return (cpu_seconds(broker.pid) - before) / (records * size / 1e9), speed


def load(contender, figures, loads, case, bare):
    size, partitions = case
    shown_case = f"{shown_size(size)}, {partitions} partition{'s' if partitions > 1 else ''}"
    for shown_load, run_one in loads.items():
        with topic_on(contender, partitions) as topic:
            for mode in MODES:
                cpu, speed = cpu_of(contender, run_one, mode, topic, size)
                name = f"broker: {mode} {shown_case}{shown_load}"
                figures.add(contender.whose, name, "records/s", speed)
                figures.add(contender.whose, name, "MB/s", speed * size / 1e6)
                figures.add(contender.whose, f"{name}, CPU", "s/GB", cpu, best="lower")
                if run_one is own_load:
                    figures.add(contender.whose, f"{name}, CPU beside a bare program", "times", cpu / bare[mode],
                                best="lower")


def warm_up(contender, loads):
    for size, partitions in CASES:
        for run_one in loads.values():
            with topic_on(contender, partitions) as topic:
                for mode in MODES:
                    run_one(contender, mode, topic, RECORDS[size] // WARM_UP_SHARE, size)


# --- latency ----------------------------------------------------------------------------------------


def latency(contender, figures):
    with topic_on(contender, 1) as topic:
        result = run_json([BUILD / "bench/latency_load", contender.address, topic, LATENCY_RATE, LATENCY_BYTES,
                           LATENCY_WARM_UP_S, LATENCY_S])
    for quantile in ["p50", "p99", "p99.9"]:
        figures.add(contender.whose, f"broker: produce to consume at 10,000/s, {quantile}", "ms", result[quantile],
                    best="lower")
