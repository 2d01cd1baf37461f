"""A real Apache Kafka of this test's own, through tools/kafka/kafka.sh; it ends with the test."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "kafka" / "kafka.sh"
START_TIMEOUT_S = 180


class KafkaCluster:
    def __init__(self, brokers, keep_in=None, java_options="-Xmx384m", properties=None, network=None):
        """Keeps everything in a temporary folder below `keep_in`, or where such folders go.

        `properties` are those of each broker that differ from Kafka's own; {node} in them is its id. Each broker is a
        node of `network`, a DividedNetwork, or all are on the loopback."""
        self._network = network
        self._properties = properties or {}
        self._brokers = brokers
        self._keep_in = keep_in
        self._java_options = java_options

    def __enter__(self):
        self._scratch = tempfile.TemporaryDirectory(prefix="millrace-kafka-", dir=self._keep_in)
        self._env = {**os.environ, "KAFKA_KEEP_IN": self._scratch.name, "KAFKA_OWNER": str(os.getpid()),
                     "KAFKA_JAVA_OPTIONS": self._java_options,
                     "KAFKA_PROPERTIES": "\n".join(f"{name}={value}" for name, value in self._properties.items())}
        if self._network:
            self._env["KAFKA_ADDRESSES"] = " ".join(self._network.addresses)
            self._env["KAFKA_WITHIN"] = "\n".join(" ".join(self._network.within(node)) for node in range(self._brokers))
        self.address = self._script("up", "--brokers", str(self._brokers)).splitlines()[-1].strip()
        return self

    def __exit__(self, *_):
        # Two of three nodes would wait long for a quorum that is gone.
        for node in range(self._brokers):
            if self.runs(node):
                self.kill(node)
        self._scratch.cleanup()

    def kill(self, node):
        """SIGKILL: nothing is closed or written down."""
        os.kill(self.pid(node), signal.SIGKILL)

    def pid(self, node):
        return int((Path(self._scratch.name) / f"node{node}" / "pid").read_text())

    def address_of(self, node):
        """Its host and its port for clients."""
        host, port = self.address.split(",")[node].rsplit(":", 1)
        return host, int(port)

    def data(self, node):
        """The folder of its logs."""
        return Path(self._scratch.name) / f"node{node}" / "data"

    def runs(self, node):
        try:
            state = Path(f"/proc/{self.pid(node)}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return False
        return state != "Z"  # nobody may have waited for it yet

    def start(self, node):
        """Starts a killed node again and waits until it listens."""
        self._script("start-node", str(node))
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                socket.create_connection(self.address_of(node), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _script(self, *arguments):
        # Files and not pipes: the nodes inherit what the script has open, and a pipe would stay open with them.
        with tempfile.TemporaryFile("w+") as answer, tempfile.TemporaryFile("w+") as said:
            done = subprocess.run([SCRIPT, *arguments], env=self._env, stdout=answer, stderr=said,
                                  stdin=subprocess.DEVNULL, timeout=180, check=False)
            for file in (answer, said):
                file.seek(0)
            if done.returncode != 0:
                raise AssertionError(f"kafka.sh {' '.join(arguments)} ended with {done.returncode}:\n{said.read()}")
            return answer.read()
