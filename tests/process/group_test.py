#!/usr/bin/env python3
"""`millrace group`: what a group has committed is shown, set, taken back and forgotten.

Run as: group_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from broker_case import DONE, FAILED, BrokerCase, wait_for  # noqa: E402


class GroupTest(BrokerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for partition in ("0", "1"):
            lines = "".join(f"{n}\n" for n in range(10))
            subprocess.run([cls.binary, "topic", "create", "t", "-p", "2"], env=cls.environment, check=False,
                           capture_output=True)
            subprocess.run([cls.binary, "produce", "t", "--partition", partition], env=cls.environment, input=lines,
                           text=True, check=True, capture_output=True)

    def setUp(self):
        self.scratch = Path(tempfile.mkdtemp(prefix="millrace-test-"))
        self.addCleanup(shutil.rmtree, self.scratch)
        self.undo_file = self.scratch / "undo.json"

    def group_that_read_all(self, name):
        self.assertEqual(len(self.run_ok("consume", "t", "-g", name, "-e").splitlines()), 20)
        return name

    def committed(self, group):
        described = json.loads(self.run_ok("group", "describe", group, "-f", "json"))[0]
        return {row["partition"]: row["committed"] for row in described["offsets"] if row["committed"] is not None}

    def reset(self, group, *arguments):
        return self.run_ok("group", "reset", group, *arguments, "--undo-file", str(self.undo_file), "-f", "json")

    def test_a_reset_is_read_again_by_the_next_member(self):
        group = self.group_that_read_all("read-again")
        self.reset(group, "--to", "7", "--topic", "t:1")
        self.assertEqual(self.committed(group), {0: 10, 1: 7})
        self.assertEqual(self.run_ok("consume", "t", "-g", group, "-e").splitlines(), ["7", "8", "9"])

    def test_a_shift_stays_in_the_log_and_says_so(self):
        group = self.group_that_read_all("shifted")
        done = self.run_millrace("group", "reset", group, "--by", "-12", "--undo-file", str(self.undo_file))
        self.assertEqual((done.returncode, self.committed(group)), (DONE, {0: 0, 1: 0}))
        self.assertIn("t-0: what was asked for is outside of the log", done.stderr)

    def test_a_dry_run_changes_nothing_and_leaves_no_file(self):
        group = self.group_that_read_all("dry")
        rows = json.loads(self.run_ok("group", "reset", group, "--to", "earliest", "--dry-run", "--undo-file",
                                      str(self.undo_file), "-f", "json"))
        self.assertEqual([(row["before"], row["after"]) for row in rows], [(10, 0), (10, 0)])
        self.assertEqual((self.committed(group), self.undo_file.exists()), ({0: 10, 1: 10}, False))

    def test_undo_takes_a_reset_back_also_where_nothing_was_committed(self):
        self.reset("half", "--to", "3", "--topic", "t:0")
        self.undo_file.unlink()
        self.reset("half", "--to", "latest", "--topic", "t")
        self.assertEqual(self.committed("half"), {0: 10, 1: 10})
        self.run_ok("group", "undo", str(self.undo_file))
        self.assertEqual(self.committed("half"), {0: 3})

    def test_a_file_that_is_there_is_not_written_over_and_nothing_is_reset(self):
        group = self.group_that_read_all("precious")
        self.undo_file.write_text("mine")
        refused = self.run_millrace("group", "reset", group, "--to", "0", "--undo-file", str(self.undo_file))
        self.assertEqual((refused.returncode, self.undo_file.read_text()), (FAILED, "mine"))
        self.assertEqual(self.committed(group), {0: 10, 1: 10})

    def test_a_group_with_members_is_not_reset(self):
        group = self.group_that_read_all("busy")
        reader = self.start("consume", "t", "-g", group)
        wait_for("a member", lambda: json.loads(
            self.run_ok("group", "describe", group, "-f", "json"))[0]["state"] == "Stable")
        refused = self.run_millrace("group", "reset", group, "--to", "0", "--undo-file", str(self.undo_file))
        self.assertEqual((refused.returncode, self.undo_file.exists()), (FAILED, False))
        self.assertIn("without members, found it Stable with 1", refused.stderr)
        reader.send_signal(signal.SIGTERM)
        reader.wait(60)
        self.assertEqual(self.committed(group), {0: 10, 1: 10})

    def test_nonsense_is_refused_before_anything_is_done(self):
        group = self.group_that_read_all("nonsense")
        for arguments in ([], ["--to", "0", "--by", "1"], ["--to", "yesterday"], ["--to", "0", "--topic", "t:x"],
                          ["--to", "0", "--topic", "nowhere"], ["--to", "0", "--topic", "t:9"]):
            refused = self.run_millrace("group", "reset", group, *arguments, "--undo-file", str(self.undo_file))
            self.assertNotEqual(refused.returncode, DONE, arguments)
            self.assertTrue(refused.stderr, arguments)
        self.assertEqual((self.committed(group), self.undo_file.exists()), ({0: 10, 1: 10}, False))
        self.undo_file.write_text('{"group": "nonsense"}')
        self.assertIn("wanted", self.run_millrace("group", "undo", str(self.undo_file)).stderr)

    def test_offsets_and_groups_are_forgotten(self):
        group = self.group_that_read_all("gone")
        self.run_ok("group", "delete-offsets", group, "--topic", "t:0")
        self.assertEqual(self.committed(group), {1: 10})
        self.run_ok("group", "delete", group)
        self.assertNotIn("gone", [row["group"] for row in json.loads(self.run_ok("group", "list", "-f", "json"))])
        again = self.run_millrace("group", "delete", group)
        self.assertEqual(again.returncode, FAILED)
        self.assertIn("GROUP_ID_NOT_FOUND", again.stderr)


if __name__ == "__main__":
    BrokerCase.binary = sys.argv.pop(1)
    unittest.main()
