#!/usr/bin/env python3
"""Runs the commands of a document in a scratch directory, block by block, and compares what they print.

A ```sh block is run; a ```text block right after it is what it must print, line by line, where "…"
stands for anything. The address 127.0.0.1:9092 is replaced by a free one.

Run as: readme_test.py PATH_TO_MILLRACE [DOCUMENT [SECTION]]; by default the README's tour.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 120
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
MARK = "--- end of block {} ---"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tour_blocks(text, title):
    """Pairs of a shell block and what it must print (None when nothing is said)."""
    section = re.search(rf"^## {re.escape(title)}$(.*?)(^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert section, f"the document has a section '## {title}'"
    blocks = []
    for language, body in FENCE.findall(section.group(1)):
        if language == "sh":
            blocks.append([body, None])
        elif language == "text" and blocks and blocks[-1][1] is None:
            blocks[-1][1] = body
    assert blocks, "the tour has shell blocks"
    return blocks


def matches(wanted, line):
    return re.fullmatch(".*".join(re.escape(part) for part in wanted.strip().split("…")), line.strip())


def main():
    binary = Path(sys.argv[1]).resolve()
    readme = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "README.md"
    title = sys.argv[3] if len(sys.argv) > 3 else "Five-minute tour"
    blocks = tour_blocks(readme.read_text(encoding="utf-8"), title)
    address = f"127.0.0.1:{free_port()}"
    script = "set -e\n"
    for number, (commands, _) in enumerate(blocks):
        script += commands.replace("127.0.0.1:9092", address) + f"\necho '{MARK.format(number)}'\n"

    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "PATH": f"{binary.parent}:{os.environ['PATH']}",
                       "MILLRACE_BROKERS": address, "TMPDIR": scratch}
        process = subprocess.Popen(["bash", "-c", script], cwd=scratch, env=environment, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        try:
            output, _ = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            # Whatever the tour has started ends too, and what it said so far is shown.
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            output += f"\n(stopped after {TIMEOUT_S} s)\n"
    print(output)
    if process.returncode != 0:
        sys.exit(f"the tour ended with {process.returncode}")

    failures = 0
    rest = output.replace(address, "127.0.0.1:9092")
    for number, (commands, wanted) in enumerate(blocks):
        printed, _, rest = rest.partition(MARK.format(number) + "\n")
        if wanted is None:
            continue
        lines = [line for line in printed.splitlines() if line.strip()]
        expected = [line for line in wanted.splitlines() if line.strip()]
        same = len(lines) == len(expected) and all(map(matches, expected, lines))
        if not same:
            failures += 1
            print(f"BLOCK\n{commands}\nMUST PRINT\n{wanted}\nBUT PRINTED\n{printed}")
    if failures:
        sys.exit(f"{failures} blocks print something else than {readme.name} says")
    print(f"{readme.name}, {title}: {len(blocks)} blocks work as it says")


if __name__ == "__main__":
    main()
