#!/usr/bin/env python3
"""The tests that franz-go's authors wrote for their client, unchanged, against one node and against three in one process.

Run as: kgo_suite_test.py PATH_TO_MILLRACE OneNode|ThreeBrokers. KGO_TEST_RECORDS says how many records each pipeline of the
suite moves; its own default is 500000.
"""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

import proof

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
from broker_process import BrokerProcess  # noqa: E402

PATIENCE_S = 540
RECORDS = os.environ.get("KGO_TEST_RECORDS", "5000")
SHARE_GROUPS = "share groups (KIP-932) are not served"
SASL = "the broker that is tested asks nobody who they are"
# What is left out, and why. The list may only shrink: a test that does not need to stand here fails the run.
LEFT_OUT = {
    "TestShareGroup": SHARE_GROUPS,
    "TestShareGroupETL": SHARE_GROUPS,
    "TestShareGroupAckOnClose": SHARE_GROUPS,
    "TestShareGroupOffsetsAdmin": SHARE_GROUPS,
    "TestConsumeRegexShareSkipsInternal": SHARE_GROUPS,
    "TestSCRAMAuth": SASL,
    "TestSCRAMAuthBadCredentials": SASL,
    "TestIssueProduceBrokerTooOldFailsRecords": "it is for brokers older than 0.10",
}
# Moved records through groups of both protocols and through transactions; a suite without them would prove little.
WANTED = ["TestGroupETL/range", "TestGroupETL/range/848", "TestGroupETL/cooperative-sticky/static", "TestTxnEtl/range",
          "TestTxnEtl/sticky/848", "TestTxnEtl/sticky/848/static", "Test848RegexBrokerResolves"]


class Suite:
    arguments = ()

    def test_passes(self):
        environment = {**os.environ, "KGO_TEST_RF": str(self.replication_factor), "KGO_TEST_RECORDS": RECORDS,
                       "KGO_TEST_UNSAFE": "1", "KGO_LOG_LEVEL": "none"}
        with BrokerProcess(MILLRACE, *self.arguments) as broker:
            # Most of them wait most of the time.
            done = subprocess.run([SUITE, "-test.v", "-test.parallel", "8", "-test.timeout", f"{PATIENCE_S}s"], cwd=SOURCES,
                                  text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=2 * PATIENCE_S,
                                  check=False, env={**environment, "KGO_SEEDS": broker.address})
        outcome = dict(reversed(line) for line in re.findall(r"^ *--- (PASS|FAIL|SKIP): (\S+)", done.stdout, re.MULTILINE))
        failed = [name for name, how in outcome.items() if how == "FAIL"]
        if done.returncode != 0 or failed:
            said = [line for line in done.stdout.splitlines() if re.match(r" +\w+\.go:\d+|--- FAIL|panic:|FAIL", line)]
            self.fail("\n".join([f"ended with {done.returncode}; failed: {failed}", *said[-80:]]))
        self.assertEqual({name for name, how in outcome.items() if how == "SKIP"}, set(LEFT_OUT))
        self.assertEqual({name: outcome.get(name) for name in WANTED}, dict.fromkeys(WANTED, "PASS"))


class OneNode(Suite, unittest.TestCase):
    replication_factor = 1


class ThreeBrokers(Suite, unittest.TestCase):
    replication_factor = 3
    arguments = ("--brokers", "3")


if __name__ == "__main__":
    SUITE = proof.tool_chain("go") / "kgo_suite"
    # Some read their own sources.
    SOURCES = subprocess.run(["go", "list", "-f", "{{.Dir}}", "github.com/twmb/franz-go/pkg/kgo"], text=True, check=True,
                             cwd=Path(__file__).resolve().parent / "franz_go", stdout=subprocess.PIPE).stdout.strip()
    MILLRACE = sys.argv.pop(1)
    unittest.main(verbosity=2)
