#!/usr/bin/env python3
"""Apache Kafka's tools for clusters against three brokers over one log: cluster_tools_test.py MILLRACE

What leads moves, what is described is what is there, and records stay where they are.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
import java_tools  # noqa: E402
import proof  # noqa: E402
from broker_process import BrokerProcess  # noqa: E402

LOG_DIRS = "org.apache.kafka.tools.LogDirsCommand"
LEADER_ELECTION = "org.apache.kafka.tools.LeaderElectionCommand"
REASSIGN = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand"
QUORUM = "org.apache.kafka.tools.MetadataQuorumCommand"
TOPIC = "moved"


def described(tools):
    """{partition: (leader, replicas, in sync)}"""
    said = tools.run(java_tools.TOPICS, "--describe", "--topic", TOPIC)
    rows = re.findall(r"Partition: (\d+)\s+Leader: (\S+)\s+Replicas: (\S+)\s+Isr: (\S+)", said)
    return {int(partition): (int(leader), [int(each) for each in replicas.split(",")],
                             sorted(int(each) for each in in_sync.split(",")))
            for partition, leader, replicas, in_sync in rows}


def check_topics(tools):
    """Leaders are dealt round, and every broker is in sync."""
    tools.run(java_tools.TOPICS, "--create", "--topic", TOPIC, "--partitions", "3", "--replication-factor", "3")
    placed = described(tools)
    assert sorted(leader for leader, _, _ in placed.values()) == [1, 2, 3], placed
    assert all(in_sync == [1, 2, 3] for _, _, in_sync in placed.values()), placed


def check_reassignment(tools, scratch):
    """A plan of the tool's own is carried out, and its verification says so."""
    path = Path(scratch) / "plan.json"
    path.write_text(json.dumps({"version": 1, "partitions": [
        {"topic": TOPIC, "partition": 0, "replicas": [3, 1]}, {"topic": TOPIC, "partition": 1, "replicas": [3]}]}))
    tools.run(REASSIGN, "--reassignment-json-file", str(path), "--execute")
    placed = described(tools)
    assert placed[0][1] == [3, 1] and placed[1] == (3, [3], [3]), placed
    said = tools.run(REASSIGN, "--reassignment-json-file", str(path), "--verify")
    assert f"Reassignment of partition {TOPIC}-0 is completed." in said, said
    assert "No partition reassignments found." in tools.run(REASSIGN, "--list")


def check_election(tools):
    """The first replica leads after its election, and a second one is not needed."""
    first = described(tools)[0][1][0]
    tools.run(LEADER_ELECTION, "--election-type", "preferred", "--all-topic-partitions")
    assert described(tools)[0][0] == first
    said = tools.run(LEADER_ELECTION, "--election-type", "preferred", "--topic", TOPIC, "--partition", "0")
    assert "Valid replica already elected" in said, said


def check_log_dirs(tools, records):
    """Each broker shows the partitions that it has replicas of, with their sizes."""
    said = tools.run(LOG_DIRS, "--describe", "--topic-list", TOPIC)
    brokers = {each["broker"]: each["logDirs"] for each in json.loads(said.splitlines()[-1])["brokers"]}
    assert sorted(brokers) == [1, 2, 3], said
    held = {broker: sorted(each["partition"] for directory in directories for each in directory["partitions"])
            for broker, directories in brokers.items()}
    placed = described(tools)
    for broker, partitions in held.items():
        assert partitions == [f"{TOPIC}-{index}" for index in sorted(placed) if broker in placed[index][1]], said
    size = sum(each["size"] for directory in brokers[3] for each in directory["partitions"])
    assert size > records, said


def check_quorum(tools):
    status = tools.run(QUORUM, "describe", "--status")
    assert re.search(r"LeaderId:\s+1\n", status) and re.search(r"MaxFollowerLag:\s+0\n", status), status
    rows = tools.run(QUORUM, "describe", "--replication").splitlines()
    assert sum("Leader" in row for row in rows[1:]) == 1 and sum("Observer" in row for row in rows) == 2, rows


def main():
    jars = proof.tool_chain("java") / "jars"
    with BrokerProcess(sys.argv[1], "--brokers", "3") as broker, tempfile.TemporaryDirectory() as scratch:
        tools = java_tools.JavaTools(jars, broker.address, scratch)
        check_topics(tools)
        lines = "".join(f"{index}\tvalue\n" for index in range(100))
        produce = ["--topic", TOPIC, "--reader-property", "parse.key=true"]
        tools.run(java_tools.CONSOLE_PRODUCER, *produce, stdin=lines)
        check_reassignment(tools, scratch)
        tools.run(java_tools.CONSOLE_PRODUCER, *produce, stdin=lines)
        check_election(tools)
        check_log_dirs(tools, 200)
        check_quorum(tools)
        read = subprocess.run([sys.argv[1], "consume", TOPIC, "--exit-at-end", "--brokers", broker.address],
                              text=True, capture_output=True, timeout=60, check=True).stdout
        assert read.count("value\n") == 200, read.count("value\n")


if __name__ == "__main__":
    main()
