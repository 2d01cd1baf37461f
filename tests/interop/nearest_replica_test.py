#!/usr/bin/env python3
"""Readers that say in which rack they are, against three brokers over one log and three of Apache Kafka:
nearest_replica_test.py MILLRACE

With replica.selector.class the leader sends each of them to the replica in its rack (KIP-392): ours, librdkafka's and
Kafka's console consumer. Without it, and without a rack, they stay with the leader. Ours goes on when that replica goes
and comes back.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
import java_tools  # noqa: E402
import proof  # noqa: E402
from broker_process import BrokerProcess  # noqa: E402
from kafka_cluster import KafkaCluster  # noqa: E402

SELECTOR = "replica.selector.class=org.apache.kafka.common.replica.RackAwareReplicaSelector"
TOPIC = "near"
DEADLINE_S = 60
FORGOTTEN_S = 3  # until a reader has asked for metadata in which a broker is not

# Writes the values it gets; on stdin's end it says how often it fetched from each node.
CONFLUENT = """
import json, sys, threading
from confluent_kafka import Consumer, TopicPartition
fetches = {}
def note(text):
    for each in json.loads(text)["brokers"].values():
        fetches[each["nodeid"]] = each["req"].get("Fetch", 0)
consumer = Consumer({"bootstrap.servers": sys.argv[1], "group.id": "near", "enable.auto.commit": False,
                     "statistics.interval.ms": 100, "stats_cb": note, "client.rack": sys.argv[2]})
consumer.assign([TopicPartition(sys.argv[3], 0, 0)])
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
while not ended.is_set():
    message = consumer.poll(0.1)
    if message is not None and message.error() is None:
        print(message.value().decode(), flush=True)
print(json.dumps([node for node, count in fetches.items() if node > 0 and count > 0]), flush=True)
"""


def connected_ports(pid):
    """The ports that a process and its children are connected to."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink(descriptor)))
        except OSError:
            continue  # closed meanwhile
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and fields[3] == "01":
                ports.add(int(fields[2].rsplit(":", 1)[1], 16))
    return ports


def wait_for(what, condition):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE_S} s for {what}"
        time.sleep(0.05)


class Cluster:
    def __init__(self, binary, address, first_node=1):
        self.binary = binary
        self.addresses = address.split(",")
        self.first_node = first_node
        self.millrace("topic", "create", TOPIC, "-p", "1")
        described = json.loads(self.millrace("topic", "describe", TOPIC, "--format", "json"))
        self.leader = described[0]["partitions"][0]["leader"]
        self.others = [node for node in range(first_node, first_node + 3) if node != self.leader]

    def millrace(self, *arguments, stdin=""):
        return subprocess.run([self.binary, *arguments, "--brokers", ",".join(self.addresses)], text=True,
                              input=stdin, capture_output=True, timeout=60, check=True).stdout

    def address(self, node):
        return self.addresses[node - self.first_node]

    def port(self, node):
        return int(self.address(node).rsplit(":", 1)[1])


@contextmanager
def reader(command, **environment):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()


def read_one(process, cluster, value):
    cluster.millrace("produce", TOPIC, stdin=value + "\n")
    patience = threading.Timer(DEADLINE_S, process.kill)
    patience.start()
    try:
        if all(line.strip() != value for line in process.stdout):
            raise AssertionError(f"the reader ended, or waited {DEADLINE_S} s, without {value}")
    finally:
        patience.cancel()


def check_by_connections(cluster, command, rack, reads_from, count=[0]):
    """The reader knows the leader's address alone, so it is connected to others only to read there."""
    with reader(command) as process:
        count[0] += 1
        read_one(process, cluster, f"value-{count[0]}")
        others = {node for node in cluster.others if cluster.port(node) in connected_ports(process.pid)}
        assert others == ({reads_from} - {cluster.leader}), (command, rack, reads_from, others)


def check_confluent(cluster, python, rack, reads_from, count=[0]):
    with reader([python, "-c", CONFLUENT, cluster.address(cluster.leader), rack, TOPIC]) as process:
        count[0] += 1
        read_one(process, cluster, f"confluent-{count[0]}")
        read_one(process, cluster, f"confluent-{count[0]}-again")
        time.sleep(0.5)  # until the statistics say so
        process.stdin.close()
        fetched_from = json.loads(process.stdout.read().splitlines()[-1])
        assert reads_from in fetched_from, (rack, reads_from, fetched_from)
        assert set(fetched_from) <= {reads_from, cluster.leader}, (rack, reads_from, fetched_from)


def check_comes_back(cluster, stop, start):
    """The replica goes, and all that is known of it with it; what is written then is read all the same."""
    away = cluster.others[0]
    bootstrap = cluster.address(cluster.leader)
    ours = [cluster.binary, "consume", TOPIC, "--brokers", bootstrap, "-g", "comes-back", "-X", f"client.rack=rack-{away}"]
    with reader(ours) as process:
        read_one(process, cluster, "before")
        wait_for("the nearest replica", lambda: cluster.port(away) in connected_ports(process.pid))
        stop(away)
        read_one(process, cluster, "meanwhile")
        time.sleep(FORGOTTEN_S)
        read_one(process, cluster, "meanwhile, too")
        start(away)
        wait_for("a reader that is back", lambda: cluster.port(away) in connected_ports(process.pid))
        read_one(process, cluster, "after")


def check_all(cluster, jars, python, rack, reads_from):
    bootstrap = cluster.address(cluster.leader)
    ours = [cluster.binary, "consume", TOPIC, "--brokers", bootstrap]
    check_by_connections(cluster, [*ours, *(["-X", f"client.rack={rack}"] if rack else [])], rack, reads_from)
    java = [*java_tools.java(jars), java_tools.CONSOLE_CONSUMER, "--bootstrap-server", bootstrap, "--topic", TOPIC,
            "--partition", "0", "--offset", "earliest", "--command-property", f"client.rack={rack}"]
    check_by_connections(cluster, java, rack, reads_from)
    check_confluent(cluster, python, rack, reads_from)


def main():
    jars = proof.tool_chain("java") / "jars"
    python = str(proof.tool_chain("python") / "bin" / "python")
    binary = sys.argv[1]
    with BrokerProcess(binary, "--brokers", "3", "--replication-factor", "3", "--config", SELECTOR) as broker:
        cluster = Cluster(binary, broker.address)
        for node in cluster.others:
            check_all(cluster, jars, python, f"rack-{node}", node)
        check_all(cluster, jars, python, f"rack-{cluster.leader}", cluster.leader)
        check_all(cluster, jars, python, "", cluster.leader)
        check_comes_back(cluster, lambda node: cluster.millrace("cluster", "stop", str(node)),
                         lambda node: cluster.millrace("cluster", "start", str(node)))
    with BrokerProcess(binary, "--brokers", "3", "--replication-factor", "3") as broker:
        cluster = Cluster(binary, broker.address)
        check_all(cluster, jars, python, f"rack-{cluster.others[0]}", cluster.leader)
    selector, value = SELECTOR.split("=")
    with KafkaCluster(3, properties={selector: value, "broker.rack": "rack-{node}"}) as kafka:
        cluster = Cluster(binary, kafka.address, first_node=0)
        check_comes_back(cluster, kafka.kill, kafka.start)


if __name__ == "__main__":
    main()
