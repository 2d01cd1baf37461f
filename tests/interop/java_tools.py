"""Apache Kafka's own command line tools as drivers."""

import json
import subprocess
from pathlib import Path

import tool_driver

TOPICS = "org.apache.kafka.tools.TopicCommand"
DELETE_RECORDS = "org.apache.kafka.tools.DeleteRecordsCommand"
CONFIGS = "org.apache.kafka.tools.ConfigCommand"
FEATURES = "org.apache.kafka.tools.FeatureCommand"
GET_OFFSETS = "org.apache.kafka.tools.GetOffsetShell"
GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
CONSOLE_PRODUCER = "org.apache.kafka.tools.ConsoleProducer"
CONSOLE_CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer"
VERIFIABLE_PRODUCER = "org.apache.kafka.tools.VerifiableProducer"
VERIFIABLE_CONSUMER = "org.apache.kafka.tools.VerifiableConsumer"


def java(jars, ours=None):
    """A Java that lives for a second, with the jars and a folder of our classes; tools/kafka/kafka.sh made the archive, which
    halves that second."""
    jars = Path(jars).resolve()  # the archive is of jars that lie where they lay when it was made
    classes = f"{ours}:{jars}/*" if ours else f"{jars}/*"
    return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m", f"-XX:SharedArchiveFile={jars}/classes.jsa",
            "-Xlog:cds=off", "-Xlog:class+path=off", "-cp", classes]


class JavaTools:
    """Runs one tool after the other against one cluster."""

    def __init__(self, jars, address, scratch):
        self.jars = Path(jars)
        self.address = address
        self.fast_heartbeats = str(Path(scratch) / "consumer.properties")
        Path(self.fast_heartbeats).write_text("heartbeat.interval.ms=200\nauto.commit.interval.ms=200\n")

    def command(self, tool, *arguments):
        return [*java(self.jars), tool, "--bootstrap-server", self.address, *arguments]

    def run(self, tool, *arguments, stdin=None):
        done = tool_driver.run(self.command(tool, *arguments), stdin)
        # The tools say what went wrong on stdout or stderr and end with 0 all the same.
        if "ERROR" in done.stderr or done.stdout.startswith("Error"):
            raise AssertionError(f"{tool} {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
        return done.stdout


class JavaDriver(tool_driver.ToolDriver):
    """Version, topics and producing."""

    def __init__(self, name, tools, events):
        super().__init__(name, events)
        self._tools = tools
        self._produced = []
        self._producer = None

    def version(self):
        return next(self._tools.jars.glob("kafka-tools-[0-9]*.jar")).stem.removeprefix("kafka-tools-")

    def create(self, topic, partitions):
        self._tools.run(TOPICS, "--create", "--topic", topic, "--partitions", str(partitions))

    def produce(self, topic, codec, idempotence, records):
        """One console producer for each codec; after that one that stays, as starting a JVM costs a second."""
        lines = "".join(f"{key}\t{value}\n" for key, value in records)
        asked = ["--topic", topic, "--compression-codec", codec, "--reader-property", "parse.key=true",
                 "--command-property", f"enable.idempotence={str(idempotence).lower()}"]
        if asked not in self._produced:
            self._produced.append(asked)
            self._tools.run(CONSOLE_PRODUCER, *asked, stdin=lines)
            return
        if self._producer is None:
            self._producer = subprocess.Popen(self._tools.command(CONSOLE_PRODUCER, *asked), text=True,
                                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self._producer.stdin.write(lines)
        self._producer.stdin.flush()

    def close(self):
        if self._producer is not None:
            self._producer.stdin.close()
            self._producer.wait(20)

    def kill(self):
        super().kill()
        if self._producer is not None:
            self._producer.kill()

    def _start(self, take, tool, *arguments):
        self._follow(subprocess.Popen(self._tools.command(tool, *arguments), text=True, stdout=subprocess.PIPE), take)


class VerifiableMember(JavaDriver):
    """kafka-verifiable-consumer: says its assignments and commits after each poll."""

    def __init__(self, name, tools, events, protocol="classic"):
        super().__init__(name, tools, events)
        self._in_protocol = ["--session-timeout", "6000", "--command-config", tools.fast_heartbeats]
        if protocol != "classic":
            self._in_protocol = ["--group-protocol", protocol]  # the brokers say the times

    def join(self, topic, group):
        self._mine = set()
        self._start(self._take, VERIFIABLE_CONSUMER, "--topic", topic, "--group-id", group, "--verbose",
                    "--reset-policy", "earliest", *self._in_protocol)

    def _take(self, line):
        event = json.loads(line)
        if event["name"] == "record_data":
            self._received(event["partition"], event["offset"], event["key"], event["value"])
        elif event["name"] in ("partitions_assigned", "partitions_revoked"):
            changed = {part["partition"] for part in event["partitions"]}
            self._mine = self._mine | changed if event["name"] == "partitions_assigned" else self._mine - changed
            self._assigned(self._mine)
        elif event["name"] == "offsets_committed" and not event["success"]:
            self._say({"event": "commit failed", "what": event})


class ConsoleMember(JavaDriver):
    """kafka-console-consumer: commits in the background and when it ends."""

    def join(self, topic, group):
        self._start(self._take, CONSOLE_CONSUMER, "--topic", topic, "--group", group, "--from-beginning",
                    "--formatter-property", "print.key=true", "--formatter-property", "print.partition=true",
                    "--formatter-property", "print.offset=true",
                    "--command-config", self._tools.fast_heartbeats)

    def _take(self, line):
        if not line.startswith("Partition:"):
            return  # "Processed a total of …", at the end
        partition, offset, key, value = line.split("\t")
        self._received(partition.removeprefix("Partition:"), offset.removeprefix("Offset:"), key, value)
