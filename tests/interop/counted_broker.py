"""A broker to test against: `millrace up` whose requests are counted, or a cluster that runs already."""

import sys
import tempfile
from pathlib import Path

from stored_batches import stored_batches

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
from broker_process import BrokerProcess  # noqa: E402


class CountedBroker:
    """Inside the block `address` is where it listens; after it `requests` is API name -> {version: count}."""

    def __init__(self, binary, partitions=1, properties=None):
        """`properties` are those of the broker that differ from what they are by default."""
        self._binary = binary
        self._partitions = partitions
        self._properties = properties or {}
        self.requests = {}

    def __enter__(self):
        self._scratch = tempfile.TemporaryDirectory(prefix="millrace-interop-")
        self._data = Path(self._scratch.name) / "data"
        self._metrics = Path(self._scratch.name) / "metrics"
        configs = [word for each in self._properties.items() for word in ("--config", "=".join(each))]
        self._broker = BrokerProcess(self._binary, "--metrics-file", str(self._metrics), *configs,
                                     data_directory=self._data, partitions=self._partitions)
        self._broker.start()
        self.address = self._broker.address
        return self

    def __exit__(self, kind, error, trace):
        status = self._broker.stop()
        if kind is not None:
            print(f"--- the broker said\n{self._broker.said}", flush=True)
        if self._metrics.exists():
            self.requests = parse_request_counts(self._metrics.read_text())
        self._scratch.cleanup()
        if kind is None and status != 0:
            raise AssertionError(f"millrace up ended with status {status}:\n{self._broker.said}")

    def batches(self, topic):
        return stored_batches(self._data, topic)


class RunningCluster:
    """A cluster somebody else started, such as `./dev kafka up`."""

    def __init__(self, address):
        self.address = address
        self.requests = {}

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        pass

    def batches(self, topic):
        del topic


def parse_request_counts(text):
    """Reads lines such as millrace_requests_total{api="Fetch",version="12"} 7."""
    counts = {}
    for line in text.splitlines():
        if not line.startswith("millrace_requests_total{"):
            continue
        labels, value = line[len("millrace_requests_total{"):].rsplit("} ", 1)
        label = dict(pair.split("=", 1) for pair in labels.replace('"', "").split(","))
        counts.setdefault(label["api"], {})[int(label["version"])] = int(float(value))
    return counts
