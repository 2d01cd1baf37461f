#!/usr/bin/env python3
"""Apache Kafka's command line tools against the broker: java_tools_test.py MILLRACE, or --brokers HOST:PORT."""

import json
import queue
import sys
import tempfile
from pathlib import Path

import java_tools
import proof
from counted_broker import CountedBroker, RunningCluster
from group_scenario import GROUP, TOPIC, GroupScenario

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def check_topics(tools):
    assert TOPIC in tools.run(java_tools.TOPICS, "--list").split()
    described = tools.run(java_tools.TOPICS, "--describe", "--topic", TOPIC)
    assert "PartitionCount: 4" in described, described
    assert described.count("Leader: ") == 4, described


def check_groups(tools):
    """The group is known, is empty by now, and has nothing left to read."""
    assert GROUP in tools.run(java_tools.GROUPS, "--list").split()
    rows = tools.run(java_tools.GROUPS, "--describe", "--group", GROUP).splitlines()
    header = next(row.split() for row in rows if row.startswith("GROUP"))
    lags = [row.split()[header.index("LAG")] for row in rows if row.startswith(GROUP)]
    assert lags == ["0"] * 4, "\n".join(rows)
    state = tools.run(java_tools.GROUPS, "--describe", "--group", GROUP, "--state")
    assert "Empty" in state, state


def check_verifiable_producer(tools):
    """Every record it sent was acknowledged, at the next offset."""
    said = tools.run(java_tools.VERIFIABLE_PRODUCER, "--topic", TOPIC + "-verified", "--max-messages", "200",
                     "--value-prefix", "7")
    events = [json.loads(line) for line in said.splitlines()]
    sent = [event["offset"] for event in events if event["name"] == "producer_send_success"]
    assert sent == list(range(200)), said


def check_record_deletion(tools, scratch):
    """Two partitions begin where they were told to, the others where they did; past its end none can."""
    def ask(*offsets):
        partitions = [{"topic": TOPIC, "partition": partition, "offset": offset} for partition, offset in offsets]
        path = Path(scratch) / "offsets.json"
        path.write_text(json.dumps({"version": 1, "partitions": partitions}))
        return tools.run(java_tools.DELETE_RECORDS, "--offset-json-file", str(path))

    def offsets(time):
        lines = tools.run(java_tools.GET_OFFSETS, "--topic", TOPIC, "--time", time).split()
        return {int(line.split(":")[1]): int(line.split(":")[2]) for line in lines}

    ends = offsets("latest")
    said = ask((0, 2), (1, -1))
    assert f"partition: {TOPIC}-0\tlow_watermark: 2" in said, said
    assert f"partition: {TOPIC}-1\tlow_watermark: {ends[1]}" in said, said
    assert offsets("earliest") == {0: 2, 1: ends[1], 2: 0, 3: 0}, offsets("earliest")
    said = ask((0, ends[0] + 1))
    assert f"partition: {TOPIC}-0\terror: " in said and "OffsetOutOfRange" in said, said
    assert offsets("earliest")[0] == 2


def check_deletion(tools):
    """What is deleted is gone, and nothing else is."""
    tools.run(java_tools.GROUPS, "--delete", "--group", GROUP)
    assert GROUP not in tools.run(java_tools.GROUPS, "--list").split()
    tools.run(java_tools.TOPICS, "--delete", "--topic", TOPIC + "-verified")
    left = tools.run(java_tools.TOPICS, "--list").split()
    assert TOPIC in left and TOPIC + "-verified" not in left, left


def main():
    proof.forget("java-tools")
    jars = proof.tool_chain("java") / "jars"
    where = sys.argv[1:]
    cluster = RunningCluster(where[1]) if where[0] == "--brokers" else CountedBroker(where[0])
    with cluster, tempfile.TemporaryDirectory() as scratch:
        tools = java_tools.JavaTools(jars, cluster.address, scratch)
        events = queue.Queue()

        def start(name):
            kind = {"first": java_tools.VerifiableMember, "second": java_tools.VerifiableMember,
                    "resumed": java_tools.ConsoleMember}.get(name, java_tools.JavaDriver)
            return kind(name, tools, events)

        proved = GroupScenario(start, events, CODECS, cluster.batches).run()
        check_topics(tools)
        check_groups(tools)
        check_verifiable_producer(tools)
        check_record_deletion(tools, scratch)
        check_deletion(tools)
        proved["features"] += ["topics list, describe and delete", "groups list, describe and delete",
                               "records delete"]
    if where[0] != "--brokers":
        proof.write("java-tools", requests=cluster.requests, **proved)


if __name__ == "__main__":
    main()
