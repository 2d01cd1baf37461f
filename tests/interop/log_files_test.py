#!/usr/bin/env python3
"""Our files under Apache Kafka's hands: its DumpLogSegments reads every kind of file, before and after compaction;
readers of both find in a compacted topic what has to be there; and a real Kafka starts on a copy of its folder.

Run as: log_files_test.py PATH_TO_MILLRACE PATH_TO_TRANSACTION_PEER [unittest arguments]
"""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import java_tools
import proof
from kafka_cluster import KafkaCluster
from transaction_peer import Peer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
from broker_process import BrokerProcess  # noqa: E402

BINARY = None
PEER = None
DUMP = "org.apache.kafka.tools.DumpLogSegments"
TIMEOUT_S = 120
COMPACTION_S = 180  # the cleaner looks every 15 s
TOMBSTONE = "-"
TABLE = {"cleanup.policy": "compact", "segment.bytes": "4096", "min.cleanable.dirty.ratio": "0.01",
         "compression.type": "zstd"}
LAG = "min.compaction.lag.ms"
WRONG = re.compile("(?i)corrupt|mismatch|isvalid: false|not dumpable|exception|unexpected|error")
DATA_FILES = ["log", "index", "timeindex", "txnindex", "snapshot"]


def jars():
    return proof.ROOT / "build/kafka/jars"


def run(*command, stdin=None):
    done = subprocess.run([str(word) for word in command], input=stdin, text=True, capture_output=True,
                          timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def dump(*files, options=("--deep-iteration", "--print-data-log")):
    said = run(*java_tools.java(jars()), DUMP, *options, "--files", ",".join(map(str, files)))
    if WRONG.search(said):
        raise AssertionError(said)
    return said


def ours(address, topic, isolation):
    """Every record as (offset, key, value), by our consumer."""
    lines = run(BINARY, "consume", topic, "--from", "0", "--exit-at-end", "--format", "json", "--brokers", address,
                "-X", f"isolation.level={isolation}").splitlines()
    return [(record["offset"], record["key"], record["value"]) for record in map(json.loads, lines)]


def kafkas(address, topic, isolation, count):
    """The same by Kafka's console consumer."""
    said = run(*java_tools.java(jars()), java_tools.CONSOLE_CONSUMER, "--bootstrap-server", address,
               "--topic", topic, "--from-beginning", "--isolation-level", isolation, "--max-messages", count,
               "--timeout-ms", "60000", "--formatter-property", "print.offset=true",
               "--formatter-property", "print.key=true")
    lines = [line.split("\t") for line in said.splitlines() if line.startswith("Offset:")]
    return [(int(offset.removeprefix("Offset:")), key, None if value == "null" else value)
            for offset, key, value in lines]


class LogFiles(unittest.TestCase):
    """One broker writes; what it leaves is read by each test."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="millrace-interop-")))
        cls.data = cls.scratch / "data"
        with BrokerProcess(BINARY, data_directory=cls.data) as broker:
            cls.write_transactions(broker.address)
            cls.write_table(broker.address)
            cls.before = ours(broker.address, "table", "read_committed")
            cls.with_aborted = ours(broker.address, "table", "read_uncommitted")
            shutil.copytree(cls.data / "table-0", cls.scratch / "before")
            run(BINARY, "topic", "alter", "table", "--config", f"{LAG}=0", "--brokers", broker.address)
            cls.wait_for_compaction()
            cls.after = ours(broker.address, "table", "read_committed")
            cls.everything_after = ours(broker.address, "table", "read_uncommitted")
            cls.by_kafka = {isolation: kafkas(broker.address, "table", isolation, len(cls.after))
                            for isolation in ("read_committed", "read_uncommitted")}
            status = broker.stop()
        assert status == 0, f"millrace up ended with {status}:\n{broker.said}"

    @classmethod
    def write_transactions(cls, address):
        """Two records each: 0 to 2 committed, 3 to 5 aborted, 6 to 8 committed, 9 to 11 aborted, 12 left open."""
        peer = Peer(PEER)
        peer.call("open", "p", f"bootstrap.servers={address}", "transactional.id=t", "linger.ms=0",
                  "transaction.timeout.ms=900000")
        peer.call("p", "init")
        for end in ["commit", "abort", "commit", "abort", None]:
            peer.call("p", "begin")
            for value in ("a", "b") if end else ("c",):
                peer.call("p", "send", "orders", "0", value)
            if end == "commit":
                peer.call("p", "offsets", "copiers", "orders", "0", "1")
            assert peer.call("p", "flush") == "ok"
            if end:
                assert peer.call("p", end) == "ok"
        peer.kill()

    @classmethod
    def write_table(cls, address):
        all_there_first = {LAG: 3_600_000}  # nothing is compacted before all is written and read once
        settings = [word for name, value in {**TABLE, **all_there_first}.items()
                    for word in ("--config", f"{name}={value}")]
        run(BINARY, "topic", "create", "table", "--brokers", address, *settings)

        def produce(lines, *options):
            run(BINARY, "produce", "table", "--key-separator", "=", "--tombstone", TOMBSTONE, "--brokers", address,
                "-X", "linger.ms=0", "-X", "batch.size=600", *options, stdin="".join(line + "\n" for line in lines))

        produce([f"k{number % 50:02}=plain {number}" for number in range(600)], "-z", "gzip")
        produce([f"k{25 + number % 50:02}=committed {number}" for number in range(200)],
                "--transactional-id", "w", "--transaction-records", "40")
        peer = Peer(PEER)
        peer.call("open", "p", f"bootstrap.servers={address}", "transactional.id=aborter", "linger.ms=0")
        peer.call("p", "init")
        peer.call("p", "begin")
        for number in range(10):
            peer.call("p", "send", "table", "0", f"aborted {number}", f"k{number:02}")
        assert peer.call("p", "flush") == "ok"  # an abort drops what was not sent yet
        assert peer.call("p", "abort") == "ok"
        peer.close()
        produce([f"k{number:02}={TOMBSTONE}" for number in range(40, 45)])
        # Enough, compressed as well, that what lies before is not the end of the log.
        produce([f"fill={secrets.token_hex(60)}" for _ in range(200)])

    @classmethod
    def wait_for_compaction(cls):
        cls.wanted_clean = min(offset for offset, key, _ in cls.before if key == "fill")
        deadline = time.monotonic() + COMPACTION_S
        while True:
            checkpoint = cls.data / "cleaner-offset-checkpoint"
            found = re.search(r"^table 0 (\d+)$", checkpoint.read_text() if checkpoint.exists() else "", re.MULTILINE)
            if found and int(found[1]) >= cls.wanted_clean:
                return
            assert time.monotonic() < deadline, f"clean up to {found and found[1]}, wanted {cls.wanted_clean}"
            time.sleep(0.2)

    def test_kafkas_dump_tool_reads_every_file_of_a_log_with_transactions(self):
        said = {suffix: dump(next((self.data / "orders-0").glob(f"*.{suffix}"))) for suffix in DATA_FILES}
        aborted = re.findall(r"firstOffset: (\d+) lastOffset: (\d+) lastStableOffset: (\d+)", said["txnindex"])
        self.assertEqual(aborted, [("3", "5", "6"), ("9", "11", "12")])
        markers = re.findall(r"offset: (\d+) .*endTxnMarker: (\w+) coordinatorEpoch: 0", said["log"])
        self.assertEqual(markers, [("2", "COMMIT"), ("5", "ABORT"), ("8", "COMMIT"), ("11", "ABORT")])
        self.assertIn("currentTxnFirstOffset: OptionalLong[12]", said["snapshot"])
        self.assertIn("coordinatorEpoch: 0", said["snapshot"])

    def test_kafkas_decoders_read_committed_offsets_and_transactions(self):
        offsets = self.dump_all("__consumer_offsets-*", "--offsets-decoder")
        self.assertIn('"group":"copiers"', offsets)
        self.assertIn('"topic":"orders"', offsets)
        transactions = self.dump_all("__transaction_state-*", "--transaction-log-decoder")
        for name in ("t", "w", "aborter"):
            self.assertIn(f'"transactionalId":"{name}"', transactions)

    def dump_all(self, folders, decoder):
        files = [path for path in self.data.glob(f"{folders}/*.log") if path.stat().st_size > 0]
        return dump(*files, options=(decoder,))

    def test_kafkas_dump_tool_reads_every_file_before_and_after_compaction(self):
        for folder in (self.scratch / "before", self.data / "table-0"):
            for suffix in DATA_FILES:
                files = sorted(path for path in folder.glob(f"*.{suffix}"))
                self.assertTrue(files, f"no {suffix} in {folder}")
                said = dump(*files)
                if suffix == "log":
                    keys = re.findall(r"offset: (\d+) .*keySize: \d+ .*key: (\w+)", said)
                    self.assertGreaterEqual(len(keys), len(self.after))

    def test_the_last_value_of_each_key_stays_and_no_older_one(self):
        last = {key: (offset, value) for offset, key, value in self.before}
        clean = [record for record in self.after if record[0] < self.wanted_clean]
        self.assertEqual(clean, sorted((offset, key, value) for key, (offset, value) in last.items() if key != "fill"))
        self.assertEqual(len(clean), 75)

    def test_tombstones_stay_for_readers_until_their_retention_is_over(self):
        deleted = {key for _, key, value in self.after if value is None}
        self.assertEqual(deleted, {f"k{number}" for number in range(40, 45)})

    def test_offsets_never_change(self):
        before = {offset: (key, value) for offset, key, value in self.before}
        self.assertEqual([before[offset] for offset, _, _ in self.after], [record[1:] for record in self.after])
        self.assertLess(len(self.after), len(self.before))

    def test_records_of_aborted_transactions_are_gone_for_every_reader(self):
        self.assertEqual(len(self.with_aborted), len(self.before) + 10)
        self.assertEqual(self.everything_after, self.after)

    def test_kafkas_consumer_reads_the_same(self):
        for isolation, records in self.by_kafka.items():
            self.assertEqual(records, self.after, isolation)

    def test_a_real_kafka_starts_on_a_copy_of_the_folder_and_reads_the_same(self):
        with KafkaCluster(brokers=1) as kafka:
            run(BINARY, "topic", "create", "table", "--brokers", kafka.address, "--config", "cleanup.policy=compact")
            self.stop(kafka)
            self.put_our_files_into(kafka.data(0) / "table-0")
            kafka.start(0)
            wait_for(lambda: len(ours(kafka.address, "table", "read_committed")) >= len(self.after))
            for isolation in ("read_committed", "read_uncommitted"):
                self.assertEqual(ours(kafka.address, "table", isolation), self.after, isolation)
            self.assertEqual(kafkas(kafka.address, "table", "read_committed", len(self.after)), self.after)
            # It goes on with what it found.
            run(BINARY, "produce", "table", "--key-separator", "=", "--brokers", kafka.address, stdin="k00=by Kafka\n")
            end = self.after[-1][0] + 1
            self.assertEqual(ours(kafka.address, "table", "read_committed")[-1], (end, "k00", "by Kafka"))

    @staticmethod
    def stop(kafka):
        os.kill(kafka.pid(0), signal.SIGTERM)
        wait_for(lambda: not kafka.runs(0))

    def put_our_files_into(self, folder):
        """All of its own goes, but for what says which topic it is."""
        for path in folder.iterdir():
            if path.name != "partition.metadata":
                path.unlink()
        for path in (self.data / "table-0").iterdir():
            if path.name != "partition.metadata":
                shutil.copy(path, folder)


def wait_for(is_so):
    deadline = time.monotonic() + TIMEOUT_S
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


if __name__ == "__main__":
    BINARY, PEER = sys.argv[1:3]
    del sys.argv[1:3]
    proof.tool_chain("java")
    unittest.main(verbosity=2)
