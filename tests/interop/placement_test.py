#!/usr/bin/env python3
"""A million keys of any bytes and length go to the partitions that the Java client gives them, so that programs in both
languages find each other's records. Run as: placement_test.py PLACEMENT_PEER"""

import random
import subprocess
import sys
import unittest

import proof
from java_tools import java

KEYS = 1_000_000
LENGTH_MAX = 40  # more than the four bytes at a time and the three left over that are hashed
PARTITIONS_MAX = 10_000
SEED = 2_000_003


def keys():
    chance = random.Random(SEED)
    yield "3 "  # the empty key, which is a key
    for _ in range(KEYS - 1):
        yield f"{chance.randint(1, PARTITIONS_MAX)} {chance.randbytes(chance.randint(0, LENGTH_MAX)).hex()}"


def placed_by(command, asked):
    return subprocess.run(command, input=asked, capture_output=True, text=True, check=True, timeout=300).stdout.split()


class Placement(unittest.TestCase):
    def test_a_million_keys_go_where_the_java_client_puts_them(self):
        asked = "".join(f"{line}\n" for line in keys())
        ours, theirs = placed_by([PEER], asked), placed_by(THEIRS, asked)
        self.assertEqual((len(ours), len(theirs)), (KEYS, KEYS))
        different = [line for line, one, other in zip(asked.splitlines(), ours, theirs) if one != other]
        self.assertEqual(different[:5], [], f"{len(different)} of {KEYS}")
        self.assertGreater(len(set(ours)), PARTITIONS_MAX / 2)  # they are not all in one place


if __name__ == "__main__":
    FOLDER = proof.tool_chain("java")
    THEIRS = [*java(FOLDER / "jars", FOLDER / "classes"), "KeyPlacement"]
    PEER = sys.argv.pop(1)
    unittest.main(verbosity=2)
