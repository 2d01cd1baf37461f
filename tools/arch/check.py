#!/usr/bin/env python3
"""Checks the includes against the floors, fences and bans, and draws docs/generated/modules.md.

Reads build/dev/modules.json, which CMake writes from the add_module() calls.
--verify  fail when the committed map differs, instead of rewriting it
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GRAPH = ROOT / "build/dev/modules.json"
MAP = ROOT / "docs/generated/modules.md"
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')
TEST_FILE = re.compile(r"_(test|bench|fuzz)\.cc$|/testing/")
TESTING_ROOM = re.compile(r"/testing/")  # what tests of any module share; nothing else may use it
POSIX = re.compile(r"^(sys|netinet|arpa|linux|net)/|\.h$")
BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def sources():
    """Every .h and .cc that git knows or would add, relative to the root."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.h", "*.cc"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for path in listing.split() if (ROOT / path).exists()]


def module_of(path, modules):
    for module in modules.values():
        if path.startswith(module["folder"] + "/"):
            return module["name"]
    return path.split("/")[0]  # tests, bench


def included_module(header, modules):
    """The module that "wire/frame.h" or "apps/access_log/parser.h" belongs to, or None."""
    for module in modules.values():
        folder = module["folder"]
        stem = folder.removeprefix("src/")
        if header.startswith(stem + "/") or header.startswith(folder + "/"):
            return module["name"]
    return None


def check_header_name(path):
    if re.search(r"(_tests?|/test_[^/]*)\.h$", path) and not TESTING_ROOM.search(path):
        return "is a header for tests; it belongs in the module's testing room, under a plain name"
    return None


def check_project_include(path, header, modules):
    own = module_of(path, modules)
    if header.startswith((".", "/")) or ".." in header:
        return f'includes "{header}" by a relative path; write it from src/'
    target = included_module(header, modules)
    if target is None:
        if own not in modules and header.startswith(own + "/") and (ROOT / header).exists():
            return None
        return f'includes "{header}", which is no module\'s header'
    if TESTING_ROOM.search(header) and own in modules and not TEST_FILE.search(path):
        return f'includes "{header}", which is for tests only'
    if target == own or own not in modules:
        return None
    module = modules[own]
    allowed = set(module["depends"])
    if TEST_FILE.search(path):
        allowed |= set(module["test_depends"])
    if target not in allowed:
        sideways = modules[target]["floor"] >= module["floor"]
        way = "climbs or goes sideways" if sideways else "is not declared"
        return (f'includes "{header}": {own} (floor {module["floor"]}) -> {target} '
                f'(floor {modules[target]["floor"]}) {way}; {own} may include: '
                f'{", ".join(sorted(allowed)) or "nothing"}')
    return check_face(header, modules[target])


def check_face(header, target):
    """A module's face is the top of its folder, its testing room (which only tests reach), and the rooms it
    names as FACE (ADR 15)."""
    stem = target["folder"].removeprefix("src/")
    room = header.removeprefix(target["folder"] + "/").removeprefix(stem + "/").rpartition("/")[0]
    if room and room != "testing" and room not in target["face"]:
        return f'includes "{header}", which is internal to {target["name"]}: {room} is no room of its face'
    return None


def check_library_include(path, header, modules, fences):
    if not re.search(r"[./]", header):
        return None  # the standard library
    own = module_of(path, modules)
    name = header
    for fence in fences:
        if header.startswith(fence["prefix"]):
            break
    else:
        if not POSIX.search(header):
            return f"includes <{header}>, which tools/arch/fences.toml does not know"
        name = "posix:"
        fence = next(f for f in fences if f["prefix"] == name)
    is_test = bool(TEST_FILE.search(path)) or own in ("tests", "bench")
    if fence.get("tests_only") and not is_test:
        return f"includes <{header}>, which only tests and benchmarks may"
    if fence.get("tests_too") and is_test:
        return None
    if "*" in fence["modules"] or own in fence["modules"]:
        return None
    return f"includes <{header}>, which only {', '.join(fence['modules'])} may"


def without_comments(text):
    text = BLOCK_COMMENT.sub(lambda match: "\n" * match.group().count("\n"), text)
    return "\n".join(re.sub(r'(?<!:)//.*$', "", line) for line in text.split("\n"))


def check_bans(path, text, bans, used=None):
    """Problems of one file. `used` collects (pattern, place) of the exceptions that it needs."""
    code = without_comments(text).split("\n")
    raw = text.split("\n")
    for ban in bans:
        if ban.get("production_only") and TEST_FILE.search(path):
            continue
        lines = raw if ban.get("comments") else code
        places = [place for place in ban["except"] if path.startswith(place)]
        for number, line in enumerate(lines, 1):
            found = re.search(ban["pattern"], line)
            if not found:
                continue
            if not places:
                yield f"{path}:{number}: {found.group().strip()}: instead {ban['instead']}"
            elif used is not None:
                used.update((ban["pattern"], place) for place in places)


def unneeded_exceptions(bans, used):
    """An exception that nothing needs lets the next one in unseen."""
    for ban in bans:
        for place in ban["except"]:
            if (ban["pattern"], place) not in used:
                yield f"tools/arch/banned.toml: nothing in {place} needs its exception from '{ban['pattern']}'"


def check_sources(modules):
    fences = tomllib.loads((ROOT / "tools/arch/fences.toml").read_text())["fence"]
    bans = tomllib.loads((ROOT / "tools/arch/banned.toml").read_text())["banned"]
    problems = []
    used = set()
    for path in sources():
        text = (ROOT / path).read_text(encoding="utf-8")
        if problem := check_header_name(path):
            problems.append(f"{path}: {problem}")
        for number, line in enumerate(text.split("\n"), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            quoted, angled = match.groups()
            problem = (check_project_include(path, quoted, modules) if quoted
                       else check_library_include(path, angled, modules, fences))
            if problem:
                problems.append(f"{path}:{number}: {problem}")
        problems.extend(check_bans(path, text, bans, used))
    problems.extend(unneeded_exceptions(bans, used))
    return problems


def purpose(module):
    """The first sentence below the title of the module's README."""
    readme = ROOT / module["folder"] / "README.md"
    if not readme.exists():
        return ""
    paragraphs = [p for p in readme.read_text(encoding="utf-8").split("\n\n")
                  if p.strip() and not p.startswith(("#", "```"))]
    if not paragraphs:
        return ""
    text = " ".join(paragraphs[0].split())
    return re.split(r"(?<=[.:;])\s", text)[0].rstrip(":;").replace("|", "\\|")


def direct_edges(module, modules):
    """Dependencies that no other dependency implies: what the picture needs."""
    def reach(name):
        found = set()
        for below in modules[name]["depends"]:
            found |= {below} | reach(below)
        return found
    implied = set().union(*(reach(name) for name in module["depends"])) if module["depends"] else set()
    return [name for name in module["depends"] if name not in implied]


def draw_map(modules):
    floors = {}
    for module in modules.values():
        floors.setdefault(module["floor"], []).append(module)
    lines = ["# Modules", "",
             "Written by `./dev arch` from the `add_module()` calls; not to be edited.",
             "An arrow says \"may include\"; what follows from other arrows is left out.", "",
             "```mermaid", "flowchart TD"]
    for floor in sorted(floors, reverse=True):
        lines.append(f"  subgraph floor{floor}[floor {floor}]")
        lines += [f"    {module['name']}" for module in floors[floor]]
        lines.append("  end")
    for module in modules.values():
        lines += [f"  {module['name']} --> {below}" for below in direct_edges(module, modules)]
    lines += ["```", "", "| floor | module | purpose | may include | its tests also |", "|---|---|---|---|---|"]
    for floor in sorted(floors):
        for module in floors[floor]:
            link = f"[{module['name']}](../../{module['folder']}/)"
            lines.append(f"| {floor} | {link} | {purpose(module)} | {', '.join(module['depends'])} "
                         f"| {', '.join(module['test_depends'])} |")
    return "\n".join(lines) + "\n"


def main():
    modules = {row["name"]: row for row in json.loads(GRAPH.read_text())}
    problems = check_sources(modules)
    drawn = draw_map(modules)
    if "--verify" in sys.argv[1:]:
        if not MAP.exists() or MAP.read_text(encoding="utf-8") != drawn:
            problems.append(f"{MAP.relative_to(ROOT)} is out of date; run ./dev arch and commit it")
    else:
        MAP.parent.mkdir(parents=True, exist_ok=True)
        MAP.write_text(drawn, encoding="utf-8")
    for problem in problems:
        print(problem)
    print(f"arch: {len(modules)} modules, {len(problems)} problem{'s' if len(problems) != 1 else ''}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
