"""The stream engine against Kafka Streams: the same topologies, one thread, pinned to one core, on the same
Apache Kafka, which has the other core. Run by run.py as the suite "kafka_streams"."""

import json
import os
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / "bench/peers/kafka_streams"
PEER_BUILD = ROOT / "build/peers/kafka_streams"
LOAD = ROOT / "build/release/bench/streams_load"
RECORDS = 4_000_000
BROKER_CORE, STREAMS_CORE = "0", "1"


def build_peer():
    """Fetches the jars from Maven Central once, and compiles the program when it changed."""
    jars = PEER_BUILD / "jars"
    if not jars.exists():
        subprocess.run(["mvn", "-q", "-B", "-f", str(PEER / "pom.xml"), "dependency:copy-dependencies",
                        f"-DoutputDirectory={jars}"], check=True)
    source, compiled = PEER / "StreamsLoad.java", PEER_BUILD / "StreamsLoad.class"
    if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["javac", "-cp", f"{jars}/*", "-d", str(PEER_BUILD), str(source)], check=True)


def kafka(*arguments):
    return subprocess.run(["taskset", "-c", BROKER_CORE, str(ROOT / "dev"), "kafka", *arguments], check=True,
                          capture_output=True, text=True).stdout.strip()


def run_pinned(command):
    output = subprocess.run(["taskset", "-c", STREAMS_CORE, *command], check=True, capture_output=True, text=True,
                            timeout=600).stdout
    return json.loads(output)


def run_ours(mode, brokers, topic):
    return run_pinned([str(LOAD), mode, brokers, topic, str(RECORDS)])


def run_peer(mode, brokers, topic):
    return run_pinned(["java", "-Xmx2g", "-cp", f"{PEER_BUILD}:{PEER_BUILD}/jars/*", "StreamsLoad", mode, brokers,
                       topic, str(RECORDS)])


def measure(runs, make_topic, row):
    """Rows for both topologies, ours and the peer by turns on one topic that is written once."""
    build_peer()
    brokers = kafka("up").splitlines()[-1]
    try:
        topic = f"bids-{os.getpid()}"
        make_topic(brokers, topic)
        subprocess.run([str(LOAD), "generate", brokers, topic, str(RECORDS)], check=True)
        rows = []
        for mode, shown in [("filter", "filter over parsed JSON"), ("window", "highest price by key and 10 s window")]:
            ours, peer = [], []
            for _ in range(runs):
                ours.append(run_ours(mode, brokers, topic))
                peer.append(run_peer(mode, brokers, topic))
            for key, unit, best in [("records_per_s", "events/s", "higher"), ("cpu_ns_per_record", "ns/event", "lower")]:
                name = f"kafka_streams: {shown}" + (", CPU" if best == "lower" else "")
                rows.append(row(name, unit, statistics.median(result[key] for result in ours),
                                statistics.median(result[key] for result in peer), best=best))
        return rows
    finally:
        kafka("down")
