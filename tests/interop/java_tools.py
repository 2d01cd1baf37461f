"""Apache Kafka's own command line tools as drivers: the interface of driver_process.Driver over console programs."""

import json
import signal
import subprocess
import threading
from pathlib import Path

JAVA = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx256m", "-cp"]
TOPICS = "org.apache.kafka.tools.TopicCommand"
GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
CONSOLE_PRODUCER = "org.apache.kafka.tools.ConsoleProducer"
CONSOLE_CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer"
VERIFIABLE_PRODUCER = "org.apache.kafka.tools.VerifiableProducer"
VERIFIABLE_CONSUMER = "org.apache.kafka.tools.VerifiableConsumer"


class JavaTools:
    """Runs one tool after the other against one cluster."""

    def __init__(self, jars, address, scratch):
        self.command = [*JAVA, f"{jars}/*"]
        self.address = address
        self.fast_heartbeats = str(Path(scratch) / "consumer.properties")
        Path(self.fast_heartbeats).write_text("heartbeat.interval.ms=200\nauto.commit.interval.ms=200\n")

    def start(self, tool, *arguments, **options):
        return subprocess.Popen([*self.command, tool, "--bootstrap-server", self.address, *arguments],
                                text=True, stderr=subprocess.PIPE, **options)

    def run(self, tool, *arguments, stdin=None):
        done = subprocess.run([*self.command, tool, "--bootstrap-server", self.address, *arguments],
                              input=stdin, text=True, capture_output=True, timeout=60, check=False)
        # The tools say ERROR on stdout or stderr and end with 0 all the same.
        if done.returncode != 0 or "ERROR" in done.stderr or done.stdout.startswith("Error"):
            raise AssertionError(f"{tool} {' '.join(arguments)} ended with {done.returncode}:\n"
                                 f"{done.stdout}{done.stderr}")
        return done.stdout


class ToolDriver:
    """What the drivers have in common: version, topics, producing."""

    def __init__(self, name, tools, events):
        self.name = name
        self._tools = tools
        self._events = events
        self._process = None
        self._produced = []

    def ask(self, do, **arguments):
        self.tell(do, **arguments)
        return self.answer()

    def tell(self, do, **arguments):
        self._answer = getattr(self, do)(**arguments)

    def answer(self):
        return self._answer

    def version(self):
        tools = next(Path(self._tools.command[-1]).parent.glob("kafka-tools-[0-9]*.jar"))
        return tools.stem.removeprefix("kafka-tools-")

    def create(self, topic, partitions):
        self._tools.run(TOPICS, "--create", "--topic", topic, "--partitions", str(partitions))

    def produce(self, topic, codec, idempotence, records):
        """One console producer for each codec; after that one that stays, as starting a JVM costs a second."""
        lines = "".join(f"{key}\t{value}\n" for key, value in records)
        asked = ["--topic", topic, "--compression-codec", codec, "--property", "parse.key=true",
                 "--producer-property", f"enable.idempotence={str(idempotence).lower()}"]
        if asked not in self._produced:
            self._produced.append(asked)
            self._tools.run(CONSOLE_PRODUCER, *asked, stdin=lines)
            return
        if self._process is None:
            self._process = self._tools.start(CONSOLE_PRODUCER, *asked, stdin=subprocess.PIPE,
                                              stdout=subprocess.DEVNULL)
        self._process.stdin.write(lines)
        self._process.stdin.flush()

    def leave(self):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)
        self._reader.join(20)

    def close(self):
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(20)

    def kill(self):
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            print(f"--- {self.name} said\n{self._process.stderr.read()}")

    def _start(self, tool, *arguments):
        self._process = self._tools.start(tool, *arguments, stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _received(self, records):
        self._events.put((self.name, {"event": "records", "records": records}))


class VerifiableMember(ToolDriver):
    """kafka-verifiable-consumer: says its assignments and commits after each poll."""

    def join(self, topic, group):
        self._start(VERIFIABLE_CONSUMER, "--topic", topic, "--group-id", group, "--verbose", "--session-timeout", "6000",
                    "--reset-policy", "earliest", "--consumer.config", self._tools.fast_heartbeats)

    def _read(self):
        assigned = set()
        for line in self._process.stdout:
            event = json.loads(line)
            if event["name"] == "record_data":
                self._received([[event["partition"], event["offset"], event["key"], event["value"]]])
            elif event["name"] in ("partitions_assigned", "partitions_revoked"):
                changed = {part["partition"] for part in event["partitions"]}
                assigned = assigned | changed if event["name"] == "partitions_assigned" else assigned - changed
                self._events.put((self.name, {"event": "assigned", "partitions": sorted(assigned)}))
            elif event["name"] == "offsets_committed" and not event["success"]:
                self._events.put((self.name, {"event": "commit failed", "what": event}))


class ConsoleMember(ToolDriver):
    """kafka-console-consumer: commits in the background and when it ends."""

    def join(self, topic, group):
        self._start(CONSOLE_CONSUMER, "--topic", topic, "--group", group, "--from-beginning", "--property",
                    "print.key=true", "--property", "print.partition=true", "--property", "print.offset=true",
                    "--consumer.config", self._tools.fast_heartbeats)

    def _read(self):
        for line in self._process.stdout:
            if not line.startswith("Partition:"):
                continue  # "Processed a total of …", at the end
            partition, offset, key, value = line.rstrip("\n").split("\t")
            self._received([[int(partition.removeprefix("Partition:")), int(offset.removeprefix("Offset:")), key, value]])
