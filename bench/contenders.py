"""The brokers that are measured side by side: each can be started, stopped and started again on its own data."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

from programs import BINARY, BUILD, ROOT

sys.path[:0] = [str(ROOT / "tests/process"), str(ROOT / "tests/interop")]
from broker_process import BrokerProcess  # noqa: E402
from kafka_cluster import KafkaCluster  # noqa: E402

JARS = ROOT / "build/kafka/jars"
# What Apache Kafka's own start script gives to its broker.
KAFKA_JAVA = ("-Xmx1G -Xms1G -server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 "
              "-XX:+ExplicitGCInvokesConcurrent -XX:MaxInlineLevel=15 -Djava.awt.headless=true")
TOOL_JAVA = ["java", "-Xmx512M", "-cp", f"{JARS}/*"]
STOP_TIMEOUT_S = 60


class Millrace:
    """Its log is left to the page cache, as Apache Kafka's is, unless told otherwise."""

    whose = "ours"

    def __init__(self, folder, properties=None, fsync="never"):
        """`properties` are those of the broker that differ from its own."""
        self.data = folder / "millrace"
        options = [word for name, value in (properties or {}).items() for word in ("--config", f"{name}={value}")]
        self._broker = BrokerProcess(BINARY, "--fsync", fsync, *options, data_directory=self.data)

    def __enter__(self):
        return self

    def __exit__(self, *stopped):
        self._broker.__exit__(*stopped)

    def start(self):
        self._broker.start()

    def stop(self):
        self._broker.stop()

    def kill(self):
        """SIGKILL: nothing is closed or written down."""
        self._broker.stop(signal.SIGKILL)

    @property
    def address(self):
        return self._broker.address

    @property
    def pid(self):
        return self._broker.process.pid


class Kafka:
    """Formats its folder once. `properties` are those that differ from its own."""

    whose = "peer"

    def __init__(self, folder, properties=None):
        self._cluster = KafkaCluster(1, keep_in=folder, java_options=KAFKA_JAVA, properties=properties)

    def __enter__(self):
        self._cluster.__enter__()
        self.stop()
        return self

    def __exit__(self, *stopped):
        self._cluster.__exit__(*stopped)

    def start(self):
        self._cluster.start(0)

    def stop(self):
        """Cleanly, and waits for it. It is no child of this process."""
        pid = self.pid
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self._cluster.runs(0):
            if time.monotonic() > deadline:
                raise RuntimeError(f"Apache Kafka did not stop within {STOP_TIMEOUT_S} s")
            time.sleep(0.05)

    @property
    def address(self):
        return self._cluster.address

    @property
    def pid(self):
        return self._cluster.pid(0)

    @property
    def data(self):
        return self._cluster.data(0)


class BareBroker:
    """No contender: what a broker cannot be cheaper than (bare_broker.cc). Each has a topic of its own."""

    def __init__(self, folder, partitions):
        self._folder = folder / "bare"
        self._partitions = partitions

    def __enter__(self):
        self._folder.mkdir()
        self._process = subprocess.Popen([BUILD / "bench/bare_broker", self._folder, str(self._partitions)],
                                         stdout=subprocess.PIPE, text=True)
        self.pid = self._process.pid
        self.address = self._process.stdout.readline().strip()
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        shutil.rmtree(self._folder)


def why_no_kafka():
    """What stands between this machine and a real Apache Kafka, or nothing."""
    missing = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    if missing:
        return f"it needs {' and '.join(missing)}; ./dev kafka up installs them"
    fetched = subprocess.run([str(ROOT / "tools/kafka/kafka.sh"), "fetch"], stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True, check=False)
    return fetched.stderr.strip().splitlines()[-1] if fetched.returncode != 0 else None


@contextlib.contextmanager
def contenders(suite, folder, properties=None):
    """Ours and Apache Kafka, not started yet, on a fresh folder that goes at the end; ours alone, which is said, where
    there can be no Kafka."""
    reason = why_no_kafka()
    if reason:
        print(f"{suite}: WITHOUT APACHE KAFKA, ours alone is measured: {reason}", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with contextlib.ExitStack() as stack:
            kinds = [Millrace] if reason else [Millrace, Kafka]
            yield [stack.enter_context(kind(folder, properties)) for kind in kinds]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_kafka_tool(name, *arguments):
    """One of Apache Kafka's tools by the name of its class; gives what it printed."""
    command = [*TOOL_JAVA, f"org.apache.kafka.tools.{name}", *(str(argument) for argument in arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=300).stdout
