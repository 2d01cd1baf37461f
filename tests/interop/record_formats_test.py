#!/usr/bin/env python3
"""What `millrace consume` and `millrace produce` write and read, beside kcat on the same topic.

Run as: record_formats_test.py PATH_TO_MILLRACE embedded|kafka [unittest arguments]
"""

import json
import subprocess
import sys
import unittest
from pathlib import Path

import proof
from kafka_cluster import KafkaCluster

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
from broker_process import BrokerProcess  # noqa: E402

BINARY = None
CLUSTER = None  # a context with an address
TIMEOUT_S = 120


def run(command, stdin=b""):
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout


class RecordFormats(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = CLUSTER
        cls.enterClassContext(cls.cluster)
        cls.address = cls.cluster.address
        cls.millrace("topic", "create", "mixed", "--partitions", "2")
        cls.kcat("-P", "-t", "mixed", "-p", "0", "-K", ":", stdin="alice:hello\nbob:größe\n:no key\ncarol:\n".encode())
        cls.kcat("-P", "-t", "mixed", "-p", "0", "-K", ":", "-Z", "-H", "trace=t1", "-H", "empty=", "-H", "null",
                 stdin=b"dave:with headers\nerin:\n")
        cls.kcat("-P", "-t", "mixed", "-p", "1", "-D", ";", stdin=b"\x00\xff\nbinary;plain")

    @classmethod
    def kcat(cls, *arguments, stdin=b""):
        return run(["kcat", "-b", cls.address, *arguments], stdin)

    @classmethod
    def millrace(cls, *arguments, stdin=b""):
        return run([BINARY, *arguments, "-b", cls.address], stdin)

    def assert_as_kcat(self, partition, *options, start="beginning"):
        theirs = self.kcat("-C", "-t", "mixed", "-p", str(partition), "-o", start, "-e", "-q", *options)
        ours = self.millrace("consume", "mixed", "-p", str(partition), "-o", start, "-e", *options)
        self.assertEqual(ours, theirs, options)
        self.assertTrue(ours, options)

    def test_format_strings_are_filled_as_kcat_fills_them(self):
        everything = r"%t [%p] %o %T: %k (%K) = %s (%S) headers %h\n"
        for partition in (0, 1):
            for text in (everything, r"%R%s", "%s", r"100%% \\ of %k\t%s\r\n", "no tokens;\\n"):
                self.assert_as_kcat(partition, "-f", text)

    def test_separators_and_delimiters_are_those_of_kcat(self):
        for options in (["-K", ":"], ["-D", "|"], ["-K", r"\t", "-D", r"\x3b\n"]):
            self.assert_as_kcat(0, *options)

    def test_null_is_written_out_when_that_is_asked_for(self):
        self.assert_as_kcat(0, "-f", r"%s %h\n", "-Z", start="5")
        # kcat calls what is empty NULL too; here it can be told apart.
        ours = self.millrace("consume", "mixed", "-p", "0", "-e", "-Z", "-f", r"%k=%s;")
        self.assertEqual(ours.decode(), "alice=hello;bob=größe;=no key;carol=;dave=with headers;erin=NULL;")

    def test_reading_begins_where_kcat_begins(self):
        for start in ("end", "3", "-2", "-100", "s@0"):
            if start == "end":
                self.assertEqual(self.millrace("consume", "mixed", "-p", "0", "-o", start, "-e"), b"")
                continue
            self.assert_as_kcat(0, "-f", r"%o\n", start=start)

    def test_json_lines_carry_records_of_any_bytes_to_another_topic(self):
        for name in ("there", "again"):
            self.millrace("topic", "create", name, "--partitions", "2")
        lines = [{"value": "text \u00e9\n\u0000", "key": None, "timestamp": 1431857103000},
                 {"value": None, "key": "gone", "partition": 1,
                  "headers": [{"name": "h", "value": None}, {"name": "h", "value": "2"}]},
                 {"value_base64": "//79AA==", "key_base64": "/w==", "partition": 0,
                  "headers": [{"name_base64": "/w==", "value_base64": "/v8="}]}]
        self.millrace("produce", "there", "--format", "json", "-q",
                      stdin="".join(json.dumps(line) + "\n" for line in lines).encode())
        there = self.millrace("consume", "there", "-e", "--format", "json")
        self.millrace("produce", "again", "--format", "json", "-q", stdin=there)
        again = self.millrace("consume", "again", "-e", "--format", "json")

        def as_read(text, topic):
            found = [json.loads(line) for line in text.decode().splitlines()]
            for record in found:
                self.assertEqual(record.pop("topic"), topic)
            return sorted(found, key=lambda record: (record["partition"], record["offset"]))
        self.assertEqual(as_read(again, "again"), as_read(there, "there"))
        self.assertEqual(len(as_read(there, "there")), 3)
        # What a stranger sees is what was said.
        for key, *fields in ([b"gone", b"1", b"-1", b"h=NULL,h=2"], [b"\xff", b"0", b"4", b"\xff=\xfe\xff"]):
            rows = self.kcat("-C", "-t", "again", "-o", "beginning", "-e", "-q", "-f", r"%k|%p|%S|%h\n").split(b"\n")
            self.assertIn(b"|".join([key, *fields]), rows)
        whole = [{name: record[name] for name in line} for line in lines
                 for record in as_read(there, "there") if line.items() <= record.items()]
        self.assertEqual(whole, lines)

    def test_what_a_transaction_did_not_commit_is_seen_by_nobody_who_asks_for_committed_records(self):
        self.millrace("topic", "create", "committed")
        lines = "".join(f'{{"value":"{number}"}}\n' for number in range(7))
        broken = subprocess.run(
            [BINARY, "produce", "committed", "-b", self.address, "--format", "json", "--transactional-id", "t",
             "--transaction-records", "3"], input=(lines + '{"value":1}\n').encode(), capture_output=True,
            timeout=TIMEOUT_S, check=False)
        self.assertEqual(broken.returncode, 2, broken.stderr)
        self.assertIn(b"line 8: column 11: wanted a string or null", broken.stderr)
        self.millrace("produce", "committed", "--transactional-id", "t", "--transaction-records", "0",
                      stdin=b"7\n8\n")
        self.assertEqual(self.millrace("consume", "committed", "-e", "--read-committed"),
                         b"0\n1\n2\n3\n4\n5\n7\n8\n")
        self.assertEqual(self.kcat("-C", "-t", "committed", "-o", "beginning", "-e", "-q",
                                   "-X", "isolation.level=read_committed"), b"0\n1\n2\n3\n4\n5\n7\n8\n")

    def test_benchmarks_deliver_what_they_send(self):
        self.millrace("topic", "create", "speed", "--partitions", "2")
        for arguments in (["produce", "speed", "-n", "2000", "-z", "lz4"], ["consume", "speed"],
                          ["latency", "speed", "-n", "200", "--rate", "1000"]):
            found = json.loads(self.millrace("bench", *arguments, "--warm-up", "0", "--json"))
            records = 200 if arguments[0] == "latency" else 2000
            self.assertEqual((found["records"], found["failed"], found["bytes"]), (records, 0, records * 100))


def main():
    global BINARY, CLUSTER
    BINARY, which = sys.argv.pop(1), sys.argv.pop(1)
    proof.program("kcat")
    if which == "kafka":
        proof.tool_chain("java")
        CLUSTER = KafkaCluster(brokers=1)
    else:
        CLUSTER = BrokerProcess(BINARY)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
