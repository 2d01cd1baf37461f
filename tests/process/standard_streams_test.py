#!/usr/bin/env python3
"""The three descriptors that a parent hands over: pipes that it made non-blocking and reads late or
feeds slowly, and terminals that must not meet control bytes of strangers.

Run as: standard_streams_test.py PATH_TO_MILLRACE [unittest arguments]
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from broker_case import DEADLINE_S, DONE, FAILED, WRONG_USAGE, BrokerCase, wait_for  # noqa: E402
from broker_process import BrokerProcess  # noqa: E402

# Moves the cursor, begins a line, and as one byte (0x9b) and in UTF-8 (c2 9b) begins a sequence too.
EVIL = "evil\x1b[31mred\nsecond\x7f\u009b1m"
EVIL_SHOWN = r"evil\x1b[31mred\nsecond\x7f\u009b1m"


def bytes_waiting(pipe):
    FIONREAD = 0x541B
    return int.from_bytes(fcntl.ioctl(pipe, FIONREAD, b"\0" * 4), sys.byteorder)


def is_full(pipe):
    """A pipe of whole pages is full when less than a page is left of it."""
    F_GETPIPE_SZ = 1032
    return bytes_waiting(pipe) > fcntl.fcntl(pipe, F_GETPIPE_SZ) - 4096


def read_to_the_end(descriptor):
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


class LatePipeTest(BrokerCase):
    def test_output_waits_where_a_parents_non_blocking_pipe_is_full(self):
        lines = "".join(f"{n} {'x' * 100}\n" for n in range(20000))
        self.run_ok("produce", "late", "-q", stdin=lines)
        ours, theirs = os.pipe()
        os.set_blocking(theirs, False)
        reader = self.start("consume", "late", "-e", stdout=theirs, stderr=subprocess.PIPE)
        os.close(theirs)
        wait_for("a full pipe", lambda: is_full(ours))
        self.assertEqual(read_to_the_end(ours).decode(), lines)
        self.assertEqual((reader.wait(DEADLINE_S), reader.stderr.read()), (DONE, b""))
        reader.stderr.close()

    def test_a_listing_waits_too(self):
        configs = [word for name in range(40) for word in ("-c", f"retention.ms={name + 1000}")]
        self.run_ok("topic", "create", *[f"{'n' * 200}{n:03}" for n in range(100)], "-p", "20", *configs[:2])
        ours, theirs = os.pipe()
        os.set_blocking(theirs, False)
        listing = self.start("topic", "describe", *[f"{'n' * 200}{n:03}" for n in range(100)], "-f", "json",
                             stdout=theirs, stderr=subprocess.PIPE)
        os.close(theirs)
        wait_for("a full pipe", lambda: is_full(ours))
        self.assertEqual(len(json.loads(read_to_the_end(ours))), 100)
        self.assertEqual((listing.wait(DEADLINE_S), listing.stderr.read()), (DONE, b""))
        listing.stderr.close()

    def test_input_that_is_not_there_yet_is_waited_for(self):
        self.run_ok("topic", "create", "slow")
        theirs, ours = os.pipe()
        os.set_blocking(theirs, False)
        writer = self.start("produce", "slow", stdin=theirs, stderr=subprocess.PIPE)
        os.close(theirs)
        os.write(ours, b"first\n")
        self.assertEqual(self.run_ok("consume", "slow", "-n", "1"), "first\n")
        os.write(ours, b"sec")
        wait_for("a half line that is taken", lambda: bytes_waiting(ours) == 0)
        os.write(ours, b"ond\n")
        os.close(ours)
        self.assertEqual(writer.wait(DEADLINE_S), DONE)
        self.assertEqual(writer.stderr.read(), b"produced 2 records to slow\n")
        writer.stderr.close()
        self.assertEqual(self.run_ok("consume", "slow", "-e"), "first\nsecond\n")

    def test_a_stop_does_not_wait_for_a_reader_that_reads_nothing(self):
        self.run_ok("produce", "stuck", "-q", stdin="y\n" * 100000)
        for is_blocking in (True, False):
            group = f"stuck-{is_blocking}"
            ours, theirs = os.pipe()
            os.set_blocking(theirs, is_blocking)
            reader = self.start("consume", "stuck", "-g", group, stdout=theirs, stderr=subprocess.PIPE)
            os.close(theirs)
            wait_for("a full pipe", lambda: is_full(ours))
            os.kill(reader.pid, signal.SIGTERM)
            self.assertEqual((reader.wait(DEADLINE_S), reader.stderr.read()), (DONE, b""), is_blocking)
            reader.stderr.close()
            taken = read_to_the_end(ours).count(b"\n")
            described = json.loads(self.run_ok("group", "describe", group, "-f", "json"))[0]
            self.assertLessEqual(sum(row["committed"] or 0 for row in described["offsets"]), taken)


class ControlByteTest(BrokerCase):
    def check_printable(self, text):
        self.assertEqual([c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)], [], text)

    def test_a_groups_name_moves_no_cursor_in_listings(self):
        self.run_ok("produce", "seen", "-q", stdin="x\n")
        self.run_ok("consume", "seen", "-g", EVIL, "-n", "1", "-X", f"client.id={EVIL}")
        listed = self.run_ok("group", "list")
        self.assertIn(EVIL_SHOWN + " ", listed)
        self.check_printable(listed)
        self.assertIn(EVIL, [group["group"] for group in json.loads(self.run_ok("group", "list", "-f", "json"))])
        for format in ("text", "wide", "json", "yaml"):
            for command in (["group", "list"], ["group", "describe", EVIL]):
                self.check_printable(self.run_ok(*command, "-f", format))

    def test_a_members_client_moves_no_cursor_either(self):
        self.run_ok("produce", "watched", "-q", stdin="x\n")
        reader = self.start("consume", "watched", "-g", "watchers", "-X", f"client.id={EVIL}",
                            stdout=subprocess.PIPE, text=True)
        self.assertEqual(reader.stdout.readline(), "x\n")
        described = self.run_ok("group", "describe", "watchers", "-f", "wide")
        os.kill(reader.pid, signal.SIGINT)
        self.assertEqual(reader.wait(DEADLINE_S), DONE)
        reader.stdout.close()
        self.assertIn(EVIL_SHOWN, described)
        self.check_printable(described)

    def test_errors_show_what_they_quote_as_text(self):
        for command in (["group", "describe", EVIL + "2"], ["topic", "create", EVIL], ["topic", "describe", EVIL],
                        ["topic", "delete", EVIL], ["consume", EVIL], ["produce", EVIL],
                        ["consume", "t", "--from", EVIL], ["topic", "create", "t", "-c", EVIL],
                        ["topic", "create", "t", "-c", f"retention.ms={EVIL}"], ["topic", "list", "-X", EVIL],
                        ["topic", "list", "-X", f"client.id={EVIL}", "-b", EVIL], [EVIL], ["topic", "list", EVIL],
                        ["produce", "t", "-F", EVIL], ["produce", "t", "-z", EVIL],
                        ["topic", "list", "--format", EVIL]):
            refused = self.run_millrace(*command, stdin="x\n")
            self.assertIn(refused.returncode, (FAILED, WRONG_USAGE), (command, refused))
            self.check_printable(refused.stderr + refused.stdout)
            self.assertIn(r"evil\x1b[31mred\nsecond", refused.stderr, command)

    def test_a_line_without_its_separator_is_quoted_as_text(self):
        refused = self.run_millrace("produce", "keyed", "-K", "=", stdin="\x1b[2Jno key\n")
        self.assertEqual(refused.returncode, WRONG_USAGE, refused)
        self.assertIn(r"\x1b[2Jno key", refused.stderr)
        self.check_printable(refused.stderr)

    def test_values_are_as_they_are_and_keys_and_headers_where_that_was_asked_for(self):
        self.run_ok("produce", "raw", "-q", "-K", ":", "-H", "h\x1b=w\x1b", stdin="k\x1b[1m:v\x1b[0m\n")
        self.assertEqual(self.run_ok("consume", "raw", "-e"), "v\x1b[0m\n")
        parts = ["consume", "raw", "-e", "--print", "key,headers,value"]
        self.assertEqual(self.run_ok(*parts), "k\\x1b[1m\th\\x1b=w\\x1b\tv\x1b[0m\n")
        self.assertEqual(self.run_ok(*parts, "--raw"), "k\x1b[1m\th\x1b=w\x1b\tv\x1b[0m\n")
        self.check_printable(self.run_ok("consume", "raw", "-e", "--print", "key,headers").replace("\t", ""))
        self.check_printable(self.run_ok("consume", "raw", "-e", "-f", "json"))

    def test_the_brokers_log_shows_names_as_text(self):
        with BrokerProcess(self.binary, "--verbose") as broker:
            self.run_ok("topic", "create", "logged", "-b", broker.address)
            self.run_ok("produce", "logged", "-q", "-b", broker.address, stdin="x\n")
            self.run_ok("consume", "logged", "-n", "1", "-g", EVIL, "-X", f"client.id={EVIL}", "-b", broker.address)
            broker.stop()
            self.check_printable(broker.said)


if __name__ == "__main__":
    BrokerCase.binary = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
