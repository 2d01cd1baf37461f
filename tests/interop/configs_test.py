#!/usr/bin/env python3
"""Properties, partitions, quotas and features changed and shown by Apache Kafka's own tools and by ours: configs_test.py MILLRACE [--brokers HOST:PORT]

With --brokers the same is asked of a cluster that runs already, such as `./dev kafka up`.
"""

import json
import subprocess
import sys
import tempfile

import java_tools
import proof
import tool_driver
from counted_broker import CountedBroker, RunningCluster

TOPIC = "altered"


class Both:
    """Kafka's tools and our command line on one cluster."""

    def __init__(self, binary, tools):
        self.tools = tools
        self._binary = binary

    def kafka(self, tool, *words):
        return self.tools.run(tool, *words)

    def kafka_fails(self, tool, *words):
        """What the tool says of a request that is refused."""
        done = subprocess.run(self.tools.command(tool, *words), text=True, capture_output=True, timeout=60,
                              check=False)
        assert done.returncode != 0, f"{words} went through:\n{done.stdout}"
        return done.stdout + done.stderr

    def ours(self, *words):
        return tool_driver.run([self._binary, *words, "--brokers", self.tools.address]).stdout

    def ours_fails(self, *words):
        done = subprocess.run([self._binary, *words, "--brokers", self.tools.address], text=True,
                              capture_output=True, timeout=60, check=False)
        assert done.returncode == 1, f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stderr

    def shown(self, *words):
        """Property -> row, as `millrace config describe` has it."""
        return {row["config"]: row for row in json.loads(self.ours("config", "describe", *words, "-f", "json"))}


def check_topic_properties(both):
    topic = ["--entity-type", "topics", "--entity-name", TOPIC]
    both.ours("topic", "create", TOPIC, "--partitions", "1")
    both.kafka(java_tools.CONFIGS, "--alter", *topic, "--add-config", "retention.ms=86400000,cleanup.policy=[compact,delete]")
    described = both.kafka(java_tools.CONFIGS, "--describe", *topic)
    assert "retention.ms=86400000" in described, described
    assert "cleanup.policy=compact,delete" in described, described
    assert "DYNAMIC_TOPIC_CONFIG:retention.ms=86400000" in described, described
    shown = both.shown("--topic", TOPIC)
    assert [shown["retention.ms"][key] for key in ("value", "source")] == ["86400000", "DYNAMIC_TOPIC_CONFIG"], shown

    both.ours("topic", "alter", TOPIC, "--delete", "retention.ms", "-c", "max.message.bytes=20000",
              "--subtract", "cleanup.policy=compact")
    described = both.kafka(java_tools.CONFIGS, "--describe", *topic)
    assert "retention.ms" not in described, described
    assert "cleanup.policy=delete" in described and "max.message.bytes=20000" in described, described
    everything = both.kafka(java_tools.CONFIGS, "--describe", "--all", *topic)
    assert "retention.ms=604800000" in everything, everything

    said = both.kafka_fails(java_tools.CONFIGS, "--alter", *topic, "--add-config", "retention.ms=soon")
    assert "InvalidConfigurationException" in said and "retention.ms" in said, said
    said = both.kafka_fails(java_tools.CONFIGS, "--alter", *topic, "--add-config", "retention.sm=5")
    assert "InvalidConfigurationException" in said and "retention.sm" in said, said
    said = both.ours_fails("topic", "alter", TOPIC, "-c", "retention.ms=-7")
    assert "INVALID_CONFIG" in said and "retention.ms" in said, said
    said = both.ours_fails("topic", "alter", "no-such-topic", "-c", "retention.ms=7")
    assert "UNKNOWN_TOPIC_OR_PARTITION" in said, said
    both.ours("topic", "alter", TOPIC, "-c", "retention.ms=7", "--validate-only")
    assert both.shown("--topic", TOPIC)["retention.ms"]["value"] == "604800000"


def check_partitions(both):
    both.kafka(java_tools.TOPICS, "--alter", "--topic", TOPIC, "--partitions", "3")
    described = both.kafka(java_tools.TOPICS, "--describe", "--topic", TOPIC)
    assert "PartitionCount: 3" in described and described.count("Leader: ") == 3, described
    said = both.kafka_fails(java_tools.TOPICS, "--alter", "--topic", TOPIC, "--partitions", "2")
    assert "has 3 partitions" in said, said
    assert "has 4 partitions" in both.ours("topic", "add-partitions", TOPIC, "--total", "4")
    assert "INVALID_PARTITIONS" in both.ours_fails("topic", "add-partitions", TOPIC, "--total", "4")
    described = both.kafka(java_tools.TOPICS, "--describe", "--topic", TOPIC)
    assert "PartitionCount: 4" in described, described


def check_broker_properties(both):
    everyone = ["--entity-type", "brokers", "--entity-default"]
    both.kafka(java_tools.CONFIGS, "--alter", *everyone, "--add-config", "log.retention.ms=3600000")
    assert "log.retention.ms=3600000" in both.kafka(java_tools.CONFIGS, "--describe", *everyone)
    of_topic = both.shown("--topic", TOPIC)["retention.ms"]
    assert [of_topic["value"], of_topic["source"]] == ["3600000", "DYNAMIC_DEFAULT_BROKER_CONFIG"], of_topic
    broker = next(row["name"] for row in json.loads(both.ours("config", "list", "-f", "json"))
                  if row["kind"] == "broker")
    one = ["--entity-type", "brokers", "--entity-name", broker]
    both.ours("config", "alter", "--broker", broker, "-c", "log.retention.ms=7200000")
    described = both.kafka(java_tools.CONFIGS, "--describe", *one)
    assert "log.retention.ms=7200000" in described and "DYNAMIC_BROKER_CONFIG:log.retention.ms=7200000" in described, described
    assert "DYNAMIC_DEFAULT_BROKER_CONFIG:log.retention.ms=3600000" in described, described
    said = both.kafka_fails(java_tools.CONFIGS, "--alter", *one, "--add-config", "num.partitions=3")
    assert "num.partitions" in said and "InvalidRequestException" in said, said
    both.kafka(java_tools.CONFIGS, "--alter", *one, "--delete-config", "log.retention.ms")
    both.ours("config", "alter", "--all-brokers", "--delete", "log.retention.ms")
    assert both.shown("--topic", TOPIC)["retention.ms"]["source"] == "DEFAULT_CONFIG"
    everything = both.kafka(java_tools.CONFIGS, "--describe", "--all", *one)
    for name in ("group.min.session.timeout.ms=6000", "log.cleaner.backoff.ms=15000", "message.max.bytes=1048588"):
        assert name in everything, everything


def check_group_properties(both):
    group = ["--entity-type", "groups", "--entity-name", "configured"]
    both.kafka(java_tools.CONFIGS, "--alter", *group, "--add-config", "consumer.session.timeout.ms=50000")
    described = both.kafka(java_tools.CONFIGS, "--describe", *group)
    assert "consumer.session.timeout.ms=50000" in described and "DYNAMIC_GROUP_CONFIG" in described, described
    shown = both.shown("--group", "configured")
    assert shown["consumer.session.timeout.ms"]["source"] == "DYNAMIC_GROUP_CONFIG", shown
    assert shown["consumer.heartbeat.interval.ms"]["value"] == "5000", shown
    listed = json.loads(both.ours("config", "list", "-f", "json"))
    assert {"kind": "group", "name": "configured"} in listed, listed
    both.kafka(java_tools.CONFIGS, "--alter", *group, "--delete-config", "consumer.session.timeout.ms")
    said = both.kafka_fails(java_tools.CONFIGS, "--alter", *group, "--add-config", "no.such.property=1")
    assert "no.such.property" in said, said


def check_quotas(both):
    client = ["--entity-type", "clients", "--entity-name", "billing"]
    both.kafka(java_tools.CONFIGS, "--alter", *client, "--add-config", "producer_byte_rate=1048576,consumer_byte_rate=2097152")
    described = both.kafka(java_tools.CONFIGS, "--describe", *client)
    assert "producer_byte_rate=1048576" in described and "consumer_byte_rate=2097152" in described, described
    [produce] = [row for row in json.loads(both.ours("quota", "describe", "--client-id", "billing", "-f", "json"))
                 if row["quota"] == "producer_byte_rate"]
    assert [produce["client_id"], produce["value"]] == ["billing", "1048576"], produce
    both.ours("quota", "alter", "--other-users", "-c", "request_percentage=12.5")
    described = both.kafka(java_tools.CONFIGS, "--describe", "--entity-type", "users", "--entity-default")
    assert "request_percentage=12.5" in described, described
    both.ours("quota", "alter", "--client-id", "billing", "--delete", "producer_byte_rate",
              "--delete", "consumer_byte_rate")
    both.kafka(java_tools.CONFIGS, "--alter", "--entity-type", "users", "--entity-default",
               "--delete-config", "request_percentage")
    assert json.loads(both.ours("quota", "describe", "-f", "json")) == []
    said = both.ours_fails("quota", "alter", "--client-id", "billing", "-c", "producer_byte_rate=-1")
    assert "INVALID_REQUEST" in said, said


def check_features(both):
    def kafkas():
        lines = both.kafka(java_tools.FEATURES, "describe").splitlines()
        return next(line for line in lines if "Feature: transaction.version" in line)

    def level():
        rows = json.loads(both.ours("cluster", "features", "-f", "json"))
        return next(row["finalized"] for row in rows if row["feature"] == "transaction.version")

    assert "SupportedMaxVersion: 2" in kafkas() and "FinalizedVersionLevel: 2" in kafkas(), kafkas()
    assert level() == 2
    both.kafka(java_tools.FEATURES, "downgrade", "--feature", "transaction.version=1")
    assert "FinalizedVersionLevel: 1" in kafkas() and level() == 1, kafkas()
    both.ours("cluster", "set-features", "transaction.version=2")
    assert "FinalizedVersionLevel: 2" in kafkas() and level() == 2, kafkas()
    said = both.ours_fails("cluster", "set-features", "transaction.version=1")
    assert "INVALID_UPDATE_VERSION" in said, said


def main():
    proof.forget("java-admin-tools")
    jars = proof.tool_chain("java") / "jars"
    binary, *where = sys.argv[1:]
    cluster = RunningCluster(where[1]) if where else CountedBroker(binary)
    with cluster, tempfile.TemporaryDirectory() as scratch:
        tools = java_tools.JavaTools(jars, cluster.address, scratch)
        both = Both(binary, tools)
        check_topic_properties(both)
        check_partitions(both)
        check_broker_properties(both)
        check_group_properties(both)
        check_quotas(both)
        check_features(both)
        version = next(jars.glob("kafka-tools-[0-9]*.jar")).stem.removeprefix("kafka-tools-")
    if not where:
        proof.write("java-admin-tools", version, codecs=[], features=["configurations of topics, brokers and groups",
                                                             "more partitions", "client quotas", "features"],
                    requests=cluster.requests)


if __name__ == "__main__":
    main()
