#!/usr/bin/env python3
"""Our consumer reads committed records of a real Apache Kafka, from every offset of a log in which committed and
aborted transactions of several producers lie interleaved.

Run as: committed_reading_test.py PATH_TO_MILLRACE [--brokers HOST:PORT]
"""

import json
import subprocess
import sys

import proof
from kafka_cluster import KafkaCluster

TIMEOUT_S = 120
SEEDS = [1, 2]
WRITER = proof.ROOT / "tests" / "interop" / "drivers" / "transactional_writer.py"


def written(python, address, topic, seed):
    done = subprocess.run([python, WRITER, address, topic, str(seed)], text=True, capture_output=True,
                          timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        sys.exit(f"the writer ended with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout)


def read(binary, address, topic, offset):
    done = subprocess.run([binary, "consume", topic, "--from", str(offset), "--exit-at-end", "--print", "offset,value",
                           "-X", "isolation.level=read_committed", "--brokers", address],
                          text=True, capture_output=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        sys.exit(f"consume from {offset} ended with {done.returncode}:\n{done.stderr}")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return [[int(at), value] for at, value in lines]


def check(binary, python, address):
    for seed in SEEDS:
        topic = f"transactions-{seed}"
        log = written(python, address, topic, seed)
        assert sorted(value for _, value in log["seen"]) == sorted(log["committed"])
        for offset in range(log["end"] + 1):
            wanted = [record for record in log["seen"] if record[0] >= offset]
            found = read(binary, address, topic, offset)
            if found != wanted:
                sys.exit(f"seed {seed}, from offset {offset}: wanted\n{wanted}, found\n{found}")
        print(f"seed {seed}: {len(log['seen'])} records, the same from each of {log['end'] + 1} offsets")


def main():
    binary, *where = sys.argv[1:]
    python = proof.tool_chain("python") / "bin" / "python"
    if where:
        return check(binary, python, where[1])
    proof.tool_chain("java")
    with KafkaCluster(brokers=1) as cluster:
        check(binary, python, cluster.address)


if __name__ == "__main__":
    main()
