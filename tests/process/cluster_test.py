#!/usr/bin/env python3
"""`millrace cluster` on three brokers over one log: cluster_test.py PATH_TO_MILLRACE [unittest arguments]"""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from broker_case import DONE, FAILED, WRONG_USAGE  # noqa: E402
from broker_process import BrokerProcess  # noqa: E402

BINARY = None


class ClusterTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = BrokerProcess(BINARY, "--brokers", "3", "--replication-factor", "2")
        cls.broker.start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.stop()

    def run_millrace(self, *arguments, stdin=""):
        return subprocess.run([BINARY, *arguments, "--brokers", self.broker.address], text=True, input=stdin,
                              capture_output=True, timeout=90, check=False)

    def run_ok(self, *arguments, stdin=""):
        done = self.run_millrace(*arguments, stdin=stdin)
        self.assertEqual(done.returncode, DONE, (arguments, done.stderr))
        return done.stdout

    def shown(self, *arguments):
        return json.loads(self.run_ok(*arguments, "--format", "json"))

    def test_log_directories_show_each_replica_where_it_is(self):
        self.run_ok("topic", "create", "sized", "-p", "3")
        self.run_ok("produce", "sized", "--partition", "0", stdin="a\nb\n")
        rows = [row for row in self.shown("cluster", "log-dirs") if row["topic"] == "sized"]
        self.assertEqual(len(rows), 6)
        self.assertEqual({row["broker"] for row in rows}, {1, 2, 3})
        self.assertEqual({row["size_bytes"] > 0 for row in rows if row["partition"] == 0}, {True})
        self.assertEqual({row["offset_lag"] for row in rows}, {0})

    def test_log_directories_show_what_their_file_system_has(self):
        self.run_ok("topic", "create", "stored", "-p", "1")
        directory, = {row["log_dir"] for row in self.shown("cluster", "log-dirs")}
        space = os.statvfs(directory)
        rows = self.shown("cluster", "log-dirs")
        self.assertEqual({row["total_bytes"] for row in rows}, {space.f_blocks * space.f_frsize})
        for row in rows:
            self.assertGreater(row["usable_bytes"], 0)
            self.assertLessEqual(row["usable_bytes"], space.f_bfree * space.f_frsize + (1 << 30))

    def test_features_and_quorum(self):
        features = {row["feature"]: row for row in self.shown("cluster", "features")}
        self.assertEqual(features["transaction.version"]["finalized"], 2)
        quorum = self.shown("cluster", "quorum")
        self.assertEqual(quorum["leader"], 1)
        self.assertEqual([(row["node"], row["status"], row["lag"]) for row in quorum["replicas"]],
                         [(1, "leader", 0), (2, "observer", 0), (3, "observer", 0)])

    def test_replicas_move_and_their_first_one_is_elected(self):
        self.run_ok("topic", "create", "moved", "-p", "1")
        self.run_ok("produce", "moved", stdin="before\n")
        self.assertEqual(self.run_ok("cluster", "reassign", "moved:0", "--to", "1,2"), "reassigned moved-0 to 1,2\n")
        self.assertEqual(self.run_ok("cluster", "reassign", "moved", "--to", "3,1,2"), "reassigned moved-0 to 3,1,2\n")
        self.assertEqual(self.run_ok("cluster", "elect", "moved:0"), "elected a leader of moved-0\n")
        self.assertEqual(self.run_ok("cluster", "elect", "moved:0"), "moved-0 has the leader that was asked for\n")
        self.run_ok("produce", "moved", stdin="after\n")
        self.assertEqual(self.run_ok("consume", "moved", "--exit-at-end"), "before\nafter\n")
        self.assertEqual(self.shown("cluster", "reassignments"), [])

    def leaders(self, topic):
        return [row["leader"] for row in self.shown("topic", "describe", topic)[0]["partitions"]]

    def running(self):
        return [row["broker"] for row in self.shown("cluster", "info")["brokers"]]

    def test_brokers_stop_and_start(self):
        self.run_ok("topic", "create", "turned", "-p", "3")
        self.addCleanup(self.run_millrace, "cluster", "start", "1", "2", "3")
        self.run_ok("produce", "turned", stdin="before\n")
        self.assertEqual(self.run_ok("cluster", "stop", "2"), "broker 2 is stopped\n")
        self.assertEqual(self.running(), [1, 3])
        self.assertNotIn(2, self.leaders("turned"))
        self.run_ok("produce", "turned", stdin="meanwhile\n")
        self.assertEqual(self.run_ok("cluster", "stop", "1"), "broker 1 is stopped\n")
        self.assertEqual(self.running(), [3])

        last = self.run_millrace("cluster", "stop", "3")
        self.assertEqual(last.returncode, FAILED, last)
        self.assertIn("wanted one broker to run on", last.stderr)

        self.assertEqual(self.run_ok("cluster", "start", "1", "2"), "broker 1 runs\nbroker 2 runs\n")
        self.assertEqual(self.running(), [1, 2, 3])
        self.assertEqual(sorted(self.run_ok("consume", "turned", "--exit-at-end").split()), ["before", "meanwhile"])

    def test_a_stopped_brokers_port_is_closed_and_taken_again(self):
        self.addCleanup(self.run_millrace, "cluster", "start", "2")
        second = self.broker.address.split(",")[1]
        self.run_ok("cluster", "stop", "2")
        alone = [BINARY, "cluster", "info", "--brokers", second]
        gone = subprocess.run(alone, text=True, capture_output=True, timeout=90, check=False)
        self.assertEqual(gone.returncode, FAILED, gone)
        self.run_ok("cluster", "start", "2")
        back = subprocess.run(alone, text=True, capture_output=True, timeout=90, check=False)
        self.assertEqual(back.returncode, DONE, back.stderr)

    def test_what_cannot_be_turned_says_why(self):
        for arguments, code, says in ((["stop", "4"], FAILED, "of which there are 1, 2, 3, found '4'"),
                                      (["stop", "two"], WRONG_USAGE, "wanted ids of brokers"),
                                      (["start"], WRONG_USAGE, "ID")):
            done = self.run_millrace("cluster", *arguments)
            self.assertEqual(done.returncode, code, (arguments, done.stderr))
            self.assertIn(says, done.stderr, arguments)

    def test_what_cannot_be_moved_says_why(self):
        self.run_ok("topic", "create", "stays", "-p", "1")
        for arguments, code, says in ((["reassign", "stays:0", "--to", "1,4"], FAILED, "there is no broker 4"),
                                      (["reassign", "stays:0", "--to", "1,1"], FAILED, "named twice"),
                                      (["reassign", "stays:0", "--cancel"], FAILED, "none is on its way"),
                                      (["reassign", "stays:9", "--to", "1"], FAILED, "no such partition"),
                                      (["reassign", "stays:0", "--to", "1,x"], WRONG_USAGE, "wanted ids of brokers"),
                                      (["reassign", "stays:0"], WRONG_USAGE, "--cancel, and not both"),
                                      (["elect", "nothing"], FAILED, "nothing"),
                                      (["elect", "stays:x"], WRONG_USAGE, "TOPIC:PARTITION")):
            done = self.run_millrace("cluster", *arguments)
            self.assertEqual(done.returncode, code, (arguments, done.stderr))
            self.assertIn(says, done.stderr, arguments)


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
