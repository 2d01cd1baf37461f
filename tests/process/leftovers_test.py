#!/usr/bin/env python3
"""What is left when a command ends: by a signal, by a terminal that is closed, by SIGKILL.

Run as: leftovers_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from broker_process import BrokerProcess  # noqa: E402

BINARY = None
DONE, FAILED = 0, 1
DEADLINE_S = 90


def millrace(*arguments, stdin=""):
    return subprocess.run([BINARY, *arguments], text=True, input=stdin, capture_output=True, timeout=90, check=False)


def folder_of(broker):
    return Path(re.search(r"data=(\S+)", broker.ready_line).group(1))


class HangUpTest(unittest.TestCase):
    def test_a_broker_whose_terminal_closes_stops_cleanly(self):
        broker = BrokerProcess(BINARY)
        broker.start()
        data = folder_of(broker)
        self.assertTrue(data.exists())
        self.assertEqual((broker.stop(signal.SIGHUP), broker.said), (DONE, ""))
        self.assertFalse(data.exists())

    def test_a_broker_under_nohup_goes_on(self):
        broker = BrokerProcess(BINARY, preexec=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        with broker:
            os.kill(broker.process.pid, signal.SIGHUP)
            self.assertEqual(millrace("topic", "list", "-b", broker.address).returncode, DONE)
            self.assertEqual(broker.stop(), DONE)

    def test_a_consumer_whose_terminal_closes_leaves_its_group(self):
        with BrokerProcess(BINARY) as broker:
            millrace("produce", "t", "-q", "-b", broker.address, stdin="x\n")
            reader = subprocess.Popen([BINARY, "consume", "t", "-g", "g", "-b", broker.address], stdout=subprocess.PIPE)
            self.addCleanup(reader.kill)
            self.assertEqual(reader.stdout.readline(), b"x\n")
            os.kill(reader.pid, signal.SIGHUP)
            self.assertEqual(reader.wait(DEADLINE_S), DONE)
            reader.stdout.close()
            group = json.loads(millrace("group", "describe", "g", "-f", "json", "-b", broker.address).stdout)[0]
            self.assertEqual((group["state"], group["members"], group["lag"]), ("Empty", [], 0))


class EphemeralFolderTest(unittest.TestCase):
    def test_what_a_killed_broker_left_is_removed_by_the_next_that_starts(self):
        killed = BrokerProcess(BINARY)
        killed.start()
        orphan = folder_of(killed)
        with BrokerProcess(BINARY) as living:
            kept = folder_of(living)
            killed.stop(signal.SIGKILL)
            self.assertTrue(orphan.exists())
            with BrokerProcess(BINARY):
                self.assertFalse(orphan.exists())
                self.assertTrue(kept.exists())
                self.assertEqual(millrace("topic", "create", "t", "-b", living.address).returncode, DONE)
        shutil.rmtree(killed.scratch)

    @unittest.skipUnless(Path("/dev/shm").is_dir(), "there is no folder in memory")
    def test_a_demo_that_is_stopped_while_its_broker_starts_leaves_no_folder(self):
        before = set(Path("/dev/shm").glob("millrace-*"))
        for how in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            demo = subprocess.Popen([BINARY, "demo", "--lines", "1000"], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.PIPE, text=True)
            self.addCleanup(demo.kill)
            made = []
            while demo.poll() is None and not made:
                made = [folder for folder in Path("/dev/shm").glob("millrace-*") if folder not in before]
            demo.send_signal(how)
            demo.communicate(timeout=DEADLINE_S)
            self.assertEqual(self.left_by(demo.pid, made), [], how)

    def left_by(self, pid, folders):
        """Those of `folders` that the process has left, others on this machine being free to make theirs meanwhile. What
        does not say whose it is, is about to, unless nobody is left who could."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            owners = {folder: self.owner_of(folder) for folder in folders if folder.exists()}
            if all(owners.values()) or time.monotonic() > deadline:
                return [folder for folder, owner in owners.items() if owner in ("", str(pid))]
            time.sleep(0.01)

    @staticmethod
    def owner_of(folder):
        try:
            return (folder / ".lock").read_text().strip()
        except OSError:
            return ""

    def left_by_a_dead_broker(self, folder):
        """What a broker that was killed leaves in memory, at `folder`; gone at the end of the test."""
        folder.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        (folder / ".ephemeral-owner").write_text("12345\n")
        (folder / "topic-0").mkdir()
        (folder / "topic-0" / "0.log").write_text("records")

    @unittest.skipUnless(Path("/dev/shm").is_dir(), "there is no folder in memory")
    def test_the_sweep_does_not_follow_a_link_out_of_its_place(self):
        scratch = Path(tempfile.mkdtemp(prefix="millrace-test-"))
        self.addCleanup(shutil.rmtree, scratch)
        self.left_by_a_dead_broker(scratch / "target")
        link = Path(f"/dev/shm/millrace-ephemeral-link{os.getpid()}")
        link.symlink_to(scratch / "target")
        self.addCleanup(link.unlink, missing_ok=True)
        with BrokerProcess(BINARY):
            self.assertEqual((scratch / "target" / "topic-0" / "0.log").read_text(), "records")
            self.assertTrue(link.is_symlink())

    @unittest.skipUnless(Path("/dev/shm").is_dir(), "there is no folder in memory")
    def test_the_sweep_writes_through_no_link_that_stands_for_the_mark(self):
        scratch = Path(tempfile.mkdtemp(prefix="millrace-test-"))
        self.addCleanup(shutil.rmtree, scratch)
        (scratch / "precious").write_text("mine")
        folder = Path(f"/dev/shm/millrace-ephemeral-mark{os.getpid()}")
        self.left_by_a_dead_broker(folder)
        (folder / ".ephemeral-owner").unlink()
        (folder / ".ephemeral-owner").symlink_to(scratch / "precious")
        with BrokerProcess(BINARY):
            self.assertEqual((scratch / "precious").read_text(), "mine")
            self.assertTrue((folder / "topic-0" / "0.log").exists())

    @unittest.skipUnless(os.geteuid() == 0 and Path("/dev/shm").is_dir(), "needs root to make another's folder")
    def test_the_sweep_leaves_another_users_folder_alone(self):
        folder = Path(f"/dev/shm/millrace-ephemeral-other{os.getpid()}")
        self.left_by_a_dead_broker(folder)
        nobody = 65534
        os.chown(folder, nobody, nobody)
        with BrokerProcess(BINARY):
            self.assertTrue((folder / "topic-0" / "0.log").exists())

    def test_a_start_that_fails_leaves_no_folder(self):
        with BrokerProcess(BINARY) as broker:
            started = subprocess.Popen([BINARY, "up", "--ephemeral", "--kafka", broker.address],
                                       stderr=subprocess.PIPE, text=True)
            said = started.communicate(timeout=DEADLINE_S)[1]
            self.assertEqual(started.returncode, FAILED)
            self.assertIn("in use", said)
            # Every folder's lock says whose it is.
            locks = [lock for place in ("/dev/shm", tempfile.gettempdir()) for lock in Path(place).glob("millrace-*/.lock")]
            left = [lock for lock in locks if lock.read_text().strip() == str(started.pid)]
            self.assertEqual(left, [])


class DemoTopicsTest(unittest.TestCase):
    def test_a_demo_on_brokers_that_is_interrupted_removes_its_topics(self):
        with BrokerProcess(BINARY) as broker:
            demo = subprocess.Popen([BINARY, "demo", "--brokers", broker.address, "--lines", "1000000"],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(demo.kill)
            deadline = time.monotonic() + DEADLINE_S
            while "access-log" not in self.topics(broker):
                self.assertLess(time.monotonic(), deadline)
            demo.send_signal(signal.SIGINT)
            demo.wait(DEADLINE_S)
            self.assertEqual(self.topics(broker), "[]")

    def topics(self, broker):
        listed = millrace("topic", "list", "--format", "json", "-b", broker.address)
        return str([topic["name"] for topic in json.loads(listed.stdout) if not topic["name"].startswith("__")])


class PortFileTest(unittest.TestCase):
    def setUp(self):
        self.scratch = Path(tempfile.mkdtemp(prefix="millrace-test-"))
        self.addCleanup(shutil.rmtree, self.scratch)
        self.port_file = self.scratch / "port"

    def test_goes_with_its_broker(self):
        for how in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            broker = BrokerProcess(BINARY)
            broker.start()
            self.assertEqual(broker.port_file.read_text(), broker.address + "\n")
            self.assertEqual(broker.stop(how), DONE)
            self.assertEqual(list(broker.scratch.iterdir()), [])
            broker.scratch.rmdir()

    def test_an_old_one_is_gone_when_the_start_fails(self):
        for arguments in (["--kafka", "203.0.113.1:9092", "--ephemeral"], ["--kafka", "nonsense", "--ephemeral"],
                          ["--data", "/dev/null/no"]):
            self.port_file.write_text("127.0.0.1:1\n")
            self.assertNotEqual(millrace("up", "--port-file", str(self.port_file), *arguments).returncode, DONE)
            self.assertFalse(self.port_file.exists(), arguments)

    def test_a_later_brokers_stays(self):
        with BrokerProcess(BINARY) as broker:
            later = broker.scratch / "later"
            later.write_text("127.0.0.1:1\n")
            later.rename(broker.port_file)  # as a broker that starts does
            broker.stop()
            self.assertEqual(broker.port_file.read_text(), "127.0.0.1:1\n")

    def test_a_living_brokers_stays_when_a_second_start_fails(self):
        data = self.scratch / "data"
        with BrokerProcess(BINARY, data_directory=data) as broker:
            for arguments in (["--data", str(data), "--kafka", "127.0.0.1:0"], ["--ephemeral", "--kafka", broker.address],
                              ["--ephemeral", "--kafka", "nonsense"]):
                refused = millrace("up", "--port-file", str(broker.port_file), *arguments)
                self.assertNotEqual(refused.returncode, DONE)
                self.assertEqual(broker.port_file.read_text(), broker.address + "\n", arguments)
            self.assertEqual(broker.stop(), DONE)
            self.assertFalse(broker.port_file.exists())

    def test_a_killed_brokers_is_gone_when_the_start_fails(self):
        broker = BrokerProcess(BINARY)
        broker.start()
        self.addCleanup(shutil.rmtree, broker.scratch)
        broker.stop(signal.SIGKILL)
        self.assertTrue(broker.port_file.exists())
        refused = millrace("up", "--port-file", str(broker.port_file), "--data", "/dev/null/no")
        self.assertNotEqual(refused.returncode, DONE)
        self.assertFalse(broker.port_file.exists())

    def test_what_is_no_regular_file_is_refused_and_stays(self):
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(str(self.scratch / "socket"))
        os.mkfifo(self.scratch / "fifo")
        (self.scratch / "directory").mkdir()
        (self.scratch / "link").symlink_to("/dev/null")
        present = {"socket": "a socket", "fifo": "a FIFO", "directory": "a directory", "link": "a symbolic link"}
        if os.geteuid() == 0:
            null = os.stat("/dev/null")
            os.mknod(self.scratch / "device", 0o666 | stat.S_IFCHR, null.st_rdev)
            present["device"] = "a device"
        for name, kind in present.items():
            path = self.scratch / name
            before = os.lstat(path)
            for option in ("--port-file", "--metrics-file"):
                refused = millrace("up", "--ephemeral", "--kafka", "127.0.0.1:0", option, str(path))
                self.assertEqual((refused.returncode, refused.stdout), (FAILED, ""), (name, option))
                self.assertIn(f"millrace: {option}: wanted a regular file at {path}, or nothing, found {kind}; "
                              "take another path\n", refused.stderr)
                after = os.lstat(path)
                self.assertEqual((before.st_ino, before.st_mode), (after.st_ino, after.st_mode))

    def test_one_that_cannot_be_written_ends_the_start(self):
        self.port_file.mkdir()
        (self.port_file / "full").touch()
        done = millrace("up", "--ephemeral", "--kafka", "127.0.0.1:0", "--port-file", str(self.port_file))
        self.assertEqual(done.returncode, FAILED)
        self.assertIn(f"--port-file: ", done.stderr)
        self.assertIn(str(self.port_file), done.stderr)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
