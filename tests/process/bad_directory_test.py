#!/usr/bin/env python3
"""A data directory that cannot be used, or was hurt while nobody ran on it: the broker says what to do, or comes
back with all that is whole. Run as: bad_directory_test.py PATH_TO_MILLRACE [unittest arguments]

What Apache Kafka 4 does with a damaged segment, and so does Millrace: after a clean stop it trusts the files, and the
reader finds the bad checksum; after an unclean one it checks what was not flushed and cuts at the first bad batch. A
log whose end cannot be read keeps Kafka from starting; here the others are served, and this one around the damage.
"""

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from broker_process import BrokerProcess  # noqa: E402

BINARY = None
DONE, FAILED = 0, 1


def millrace(*arguments, stdin=None, preexec=None, binary=None):
    return subprocess.run([binary or BINARY, *map(str, arguments)], text=True, input=stdin, capture_output=True, timeout=90,
                          check=False, preexec_fn=preexec)


class BadDirectoryTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Path(tempfile.mkdtemp(prefix="millrace-directory-"))
        self.data = self.scratch / "data"

    def tearDown(self):
        shutil.rmtree(self.scratch, ignore_errors=True)

    def assert_refuses_only_with(self, says):
        done = millrace("up", "--data", self.data, "--kafka", "127.0.0.1:0")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (FAILED, "", says))

    def assert_refuses(self, *says, data=None, **how):
        data = data or self.data
        done = millrace("up", "--data", data, "--kafka", "127.0.0.1:0", **how)
        self.assertEqual(done.returncode, FAILED, done)
        self.assertEqual(done.stdout, "")
        for each in (str(data), *says):
            self.assertIn(each, done.stderr)

    def test_a_path_below_a_file_is_refused(self):
        (self.scratch / "file").write_text("in the way")
        self.assert_refuses("Not a directory", "--data", data=self.scratch / "file" / "data")

    def test_a_file_instead_of_a_directory_is_refused(self):
        self.data.write_text("no directory")
        self.assert_refuses("--data")

    def test_where_nothing_can_be_made_no_permissions_are_blamed(self):
        done = millrace("up", "--data", "/proc/none", "--kafka", "127.0.0.1:0")
        self.assertEqual(done.returncode, FAILED, done)
        self.assertIn("nothing can be made there: choose another with --data", done.stderr)
        self.assertNotIn("permissions", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become somebody else")
    def test_an_unwritable_directory_is_refused(self):
        self.data.mkdir(mode=0o755)
        self.scratch.chmod(0o755)
        nobody = 65534
        # Nobody may not look into root's home, where the checkout may be.
        binary = shutil.copy(BINARY, self.scratch)
        self.assert_refuses("Permission denied", "check its permissions, or choose another with --data",
                            binary=binary,
                            preexec=lambda: (os.setgid(nobody), os.setuid(nobody)))

    def test_a_directory_of_a_newer_version_is_refused_and_left_alone(self):
        self.data.mkdir()
        meta = "version=2\ncluster.id=4Tl-PWA0Qb6jxHhIXYAdTQ\nnode.id=1\n"
        (self.data / "meta.properties").write_text(meta)
        self.assert_refuses("written by a newer version", "use that one")
        self.assertEqual((self.data / "meta.properties").read_text(), meta)

    def test_a_directory_in_use_is_refused_and_its_user_goes_on(self):
        with self.broker() as broker:
            self.assert_refuses_only_with(f"millrace: data directory {self.data}: {self.data}/.lock is locked by process "
                                f"{broker.process.pid}; stop it, or choose another directory with --data\n")
            self.produce(broker, "t", "1\n")
            self.assertEqual(self.consume(broker, "t").stdout, "1\n")

    def test_a_metadata_log_that_is_damaged_is_said_to_be(self):
        with self.broker() as broker:
            self.produce(broker, "t", "1\n")
        self.damage(next(self.data.glob("__cluster_metadata-0/*.log")), 80)
        self.assert_refuses("__cluster_metadata")

    # --- full ---

    def test_a_full_disk_refuses_appends_keeps_what_was_acknowledged_and_serves_on(self):
        limit = 200_000  # of each file: the first to be full is the log
        with self.broker("--loops", "1") as broker:
            self.produce(broker, "t", "acknowledged\n")
            _, most = resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, (limit, most))
            big = millrace("produce", "t", "-q", "--brokers", broker.address, "-X", "retries=0",
                           "-X", "enable.idempotence=false", "-X", "delivery.timeout.ms=2000",
                           "-X", "request.timeout.ms=1000", "-X", "linger.ms=0", stdin="x" * 300_000 + "\n")
            self.assertEqual(big.returncode, FAILED, big)
            waiting = millrace("produce", "t", "-q", "--brokers", broker.address, "-X", "delivery.timeout.ms=1500",
                               "-X", "request.timeout.ms=1000", "-X", "linger.ms=0", stdin="x" * 300_000 + "\n")
            self.assertEqual(waiting.returncode, FAILED, waiting)
            self.assertIn("not acknowledged within delivery.timeout.ms = 1500", waiting.stderr)
            self.assertIn("KAFKA_STORAGE_ERROR", waiting.stderr)
            self.assertIsNone(broker.process.poll(), "a full disk ended the broker")
            self.assertEqual(self.consume(broker, "t").stdout, "acknowledged\n")
            resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, (most, most))
            self.produce(broker, "t", "room again\n")
            self.assertEqual(self.consume(broker, "t").stdout, "acknowledged\nroom again\n")
        with self.broker() as broker:
            self.assertEqual(self.consume(broker, "t").stdout, "acknowledged\nroom again\n")

    def mount_small_disk(self, size):
        self.data.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.data], check=False,
                                 capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("may not mount a small disk here")
        self.addCleanup(subprocess.run, ["umount", self.data], check=True)

    def fill_disk(self):
        with (self.data / "filler").open("wb", buffering=0) as filler:
            try:
                while filler.write(b"x" * 4096):
                    pass
            except OSError:
                pass

    @unittest.skipUnless(os.geteuid() == 0, "needs root to mount a small disk")
    def test_a_first_start_on_a_full_disk_says_to_make_room(self):
        self.mount_small_disk("64k")
        self.fill_disk()
        self.assert_refuses("No space left on device", "make room")

    @unittest.skipUnless(os.geteuid() == 0, "needs root to mount a small disk")
    def test_killed_on_a_full_disk_the_broker_starts_serves_and_takes_records_once_there_is_room(self):
        self.mount_small_disk("4m")
        (self.data / "ballast").write_bytes(b"x" * 500_000)
        line = "x" * 1000 + "\n"
        small = ("-X", "linger.ms=0", "-X", "batch.size=2000")
        with self.broker() as broker:
            # The new epochs of so many partitions find no room in the last block of the metadata log.
            for name, *how in (("t", "--config", "segment.bytes=300000"), ("many", "-p", "300")):
                made = millrace("topic", "create", name, "--brokers", broker.address, *how)
                self.assertEqual(made.returncode, DONE, made.stderr)
            full = millrace("produce", "t", "--brokers", broker.address, *small, "-X", "delivery.timeout.ms=2000",
                            "-X", "request.timeout.ms=1000", stdin=line * 6000)
            self.assertEqual(full.returncode, FAILED, full)
            self.assertIn("KAFKA_STORAGE_ERROR", full.stderr)
            before = self.consume(broker, "t").stdout
            self.assertGreater(before.count("\n"), 1000)
            self.assertEqual(broker.stop(signal.SIGKILL), -signal.SIGKILL)
        self.assertGreater(len(list((self.data / "t-0").glob("*.log"))), 5, "recovery has several segments to look at")
        self.fill_disk()

        with self.broker() as broker:
            self.assertEqual(self.consume(broker, "t").stdout, before)
            refused = millrace("produce", "t", "--brokers", broker.address, *small, "-X", "delivery.timeout.ms=1500",
                               "-X", "request.timeout.ms=1000", "-X", "enable.idempotence=false", stdin="refused\n")
            self.assertEqual(refused.returncode, FAILED, refused)
            self.assertIn("KAFKA_STORAGE_ERROR", refused.stderr)
            (self.data / "ballast").unlink()
            self.produce(broker, "t", "room again\n")
            self.assertEqual(self.consume(broker, "t").stdout, before + "room again\n")
            self.assertEqual(broker.stop(), DONE)
        self.assertIn("the metadata log cannot be written", broker.said)
        with self.broker() as broker:
            self.assertEqual(self.consume(broker, "t").stdout, before + "room again\n")

    def test_a_stop_that_could_not_be_clean_is_a_failure(self):
        with self.broker() as broker:
            self.produce(broker, "t", "acknowledged\n")
            _, most = resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, (0, most))
            self.assertEqual(broker.stop(), FAILED)
            self.assertIn("did not stop cleanly", broker.said)
        with self.broker() as broker:
            self.assertEqual(self.consume(broker, "t").stdout, "acknowledged\n")

    # --- damaged segments ---

    def broker(self, *arguments):
        return BrokerProcess(BINARY, *arguments, data_directory=self.data)

    def produce(self, broker, topic, lines):
        done = millrace("produce", topic, "-q", "--brokers", broker.address, "-X", "linger.ms=0", stdin=lines)
        self.assertEqual(done.returncode, DONE, done.stderr)

    def consume(self, broker, topic):
        return millrace("consume", topic, "-e", "--brokers", broker.address)

    def damage(self, file, position):
        content = bytearray(file.read_bytes())
        content[position] ^= 0xff
        file.write_bytes(content)

    def filled_log(self, stop_by):
        """Three batches; returns their file and where each begins."""
        broker = self.broker()
        with broker:
            for line in ("one", "two", "three"):
                self.produce(broker, "t", line + "\n")
            code = broker.stop(stop_by)
            self.assertEqual(code, DONE if stop_by == signal.SIGTERM else -stop_by)
        file = self.data / "t-0" / "00000000000000000000.log"
        content, starts, position = file.read_bytes(), [], 0
        while position < len(content):
            starts.append(position)
            position += 12 + int.from_bytes(content[position + 8:position + 12], "big")
        self.assertEqual(len(starts), 3)
        return file, starts

    def test_after_an_unclean_stop_a_torn_tail_is_cut_and_the_rest_served(self):
        file, starts = self.filled_log(signal.SIGKILL)
        with file.open("ab") as log:
            log.write(file.read_bytes()[:40])  # half a batch that nobody was told of
        with self.broker() as broker:
            self.assertEqual(self.consume(broker, "t").stdout, "one\ntwo\nthree\n")
            self.produce(broker, "t", "four\n")
            self.assertEqual(self.consume(broker, "t").stdout, "one\ntwo\nthree\nfour\n")

    def test_after_an_unclean_stop_a_bad_batch_ends_the_log_and_is_never_served(self):
        file, starts = self.filled_log(signal.SIGKILL)
        self.damage(file, starts[1] + 70)
        with self.broker() as broker:
            self.assertEqual(self.consume(broker, "t").stdout, "one\n")
            self.produce(broker, "t", "again\n")
            self.assertEqual(self.consume(broker, "t").stdout, "one\nagain\n")

    def test_after_a_clean_stop_a_bad_batch_is_found_by_its_reader_and_only_there(self):
        file, starts = self.filled_log(signal.SIGTERM)
        self.damage(file, starts[1] + 70)
        with self.broker() as broker:
            reading = self.consume(broker, "t")
            self.assertEqual(reading.returncode, FAILED, reading)
            self.assertEqual(reading.stdout, "one\n", "what lies before it is given out")
            self.assertIn("offset 1", reading.stderr)
            past = millrace("consume", "t", "-e", "--from", "2", "--brokers", broker.address)
            self.assertEqual(past.stdout, "three\n", past.stderr)
            self.produce(broker, "t", "four\n")
            self.produce(broker, "other", "fine\n")
            self.assertEqual(self.consume(broker, "other").stdout, "fine\n")

    def test_after_a_clean_stop_an_end_that_cannot_be_read_is_passed_over_and_never_cut(self):
        file, _ = self.filled_log(signal.SIGTERM)
        whole = file.read_bytes()
        self.damage(file, 16)  # the first batch's magic
        hurt = file.read_bytes()
        for line in ("four", "five"):
            with self.broker() as broker:
                reading = self.consume(broker, "t")
                self.assertEqual((reading.returncode, reading.stdout), (FAILED, ""))
                self.assertIn("CORRUPT_MESSAGE", reading.stderr)
                self.produce(broker, "t", line + "\n")
                self.produce(broker, "other", line + "\n")
            self.assertEqual(file.read_bytes(), hurt)
        with self.broker() as broker:
            behind = millrace("consume", "t", "-e", "--from", "3", "--brokers", broker.address)
            self.assertEqual(behind.stdout, "four\nfive\n", behind.stderr)
            self.assertEqual(self.consume(broker, "other").stdout, "four\nfive\n")
        file.write_bytes(whole)
        with self.broker() as broker:
            self.assertEqual(self.consume(broker, "t").stdout, "one\ntwo\nthree\nfour\nfive\n")

    def test_after_a_clean_stop_an_end_that_nobody_knows_is_refused(self):
        file, _ = self.filled_log(signal.SIGTERM)
        self.damage(file, 16)
        before = file.read_bytes()
        (self.data / "recovery-point-offset-checkpoint").unlink()
        for _ in range(2):
            self.assert_refuses(file.name, "at byte 0", ".kafka_cleanshutdown")
            self.assertEqual(file.read_bytes(), before)
        (self.data / ".kafka_cleanshutdown").unlink()
        with self.broker() as broker:
            self.assertEqual(self.consume(broker, "t").stdout, "")
        self.assertEqual(Path(f"{file}.corrupt-0").read_bytes(), before)

    def test_indexes_that_are_gone_or_nonsense_are_made_again(self):
        for stop_by in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(stop_by):
                shutil.rmtree(self.data, ignore_errors=True)
                self.filled_log(stop_by)
                for index in (self.data / "t-0").glob("*index"):
                    index.write_bytes(b"nonsense" * 100)
                with self.broker() as broker:
                    self.assertEqual(self.consume(broker, "t").stdout, "one\ntwo\nthree\n")


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
