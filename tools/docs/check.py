#!/usr/bin/env python3
"""Checks the documents: every relative link resolves, one H1 each, a README in every module, and code that a document
shows from a test is what the test runs.

In a document:                                   In the file:
  <!-- from tests/e2e/x_test.cc#send -->          // [send]
  ```cpp                                          …
  …                                               // [end]
  ```
"""

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
SHOWN = re.compile(r"^<!-- from (\S+)#(\S+) -->\n```\w*\n(.*?)^```\s*$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*$", re.MULTILINE)


def documents():
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / path for path in listing.split() if (ROOT / path).exists()]


def anchors(text):
    """The ids that GitHub gives to the headings of a document."""
    found = set()
    for _, title in HEADING.findall(FENCE.sub("", text)):
        plain = re.sub(r"[^\w\- ]", "", title.lower())
        found.add(plain.replace(" ", "-"))
    return found


def check_links(document, text):
    name = document.relative_to(ROOT)
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (document.parent / path).resolve() if path else document
        if not place.exists():
            yield f"{name}: link to {target}: there is no such file"
        elif anchor and place.suffix == ".md" and anchor not in anchors(place.read_text(encoding="utf-8")):
            yield f"{name}: link to {target}: no heading gives that anchor"


def region(path, mark):
    """The lines between the marks, moved to the left; nothing when there are no such marks."""
    if not path.exists():
        return None
    found = re.search(rf"^ *// \[{re.escape(mark)}\]\n(.*?)^ *// \[end\]$", path.read_text(encoding="utf-8"),
                      re.DOTALL | re.MULTILINE)
    return textwrap.dedent(found.group(1)) if found else None


def check_shown_code(document, text):
    for path, mark, shown in SHOWN.findall(text):
        run = region(ROOT / path, mark)
        if run is None:
            yield f"{document.relative_to(ROOT)}: wanted the marks [{mark}] and [end] in {path}, found none"
        elif run != shown:
            yield f"{document.relative_to(ROOT)}: the code from {path}#{mark} differs from that file"


def check_document(document):
    text = document.read_text(encoding="utf-8")
    titles = [title for level, title in HEADING.findall(FENCE.sub("", text)) if level == "#"]
    if len(titles) != 1:
        yield f"{document.relative_to(ROOT)}: wanted one top heading, found {len(titles)}"
    yield from check_links(document, text)
    yield from check_shown_code(document, text)


def main():
    problems = [problem for document in documents() for problem in check_document(document)]
    for module in json.loads((ROOT / "build/dev/modules.json").read_text()):
        if not (ROOT / module["folder"] / "README.md").exists():
            problems.append(f"{module['folder']}: wanted a README.md of one screen, found none")
    for problem in problems:
        print(problem)
    print(f"docs: {len(documents())} documents, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
