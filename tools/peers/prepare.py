#!/usr/bin/env python3
"""Installs the tool chains of the interop tests into build/peers, each once: prepare.py [python node go java].

A tool chain whose pins did not change is left alone. Ends with 77 when a program is missing, and with 78 when a
package registry does not answer; the tests take the same road through prepare().
"""

import fcntl
import hashlib
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / "build" / "peers"
PINS = ROOT / "tools" / "peers"
GO_SOURCES = ROOT / "tests" / "interop" / "franz_go"
JAVA_SOURCES = ROOT / "tests" / "interop" / "java"
GO_VERSION_MIN = (1, 21)
NODE_VERSION = "24.11.0"  # newer than Debian's, from npm too

NO_ANSWER = re.compile(
    r"timed?.?out|refused|name resolution|NameResolution|no such host|unknown host|unreachable|reset by peer|"
    r"from versions: none|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|\b50[234]\b|Could not transfer", re.IGNORECASE)


class MissingProgram(Exception):
    """A program that Debian or the machine's owner has to install."""


class RegistryDoesNotAnswer(Exception):
    """Nothing is wrong here; the packages cannot be had now."""


def prepare(name):
    """Makes sure that the tool chain is there and returns its folder. Safe to call from tests in parallel."""
    PEERS.mkdir(parents=True, exist_ok=True)
    folder = PEERS / name
    install, pins = TOOL_CHAINS[name]
    digest = hashlib.sha256(NODE_VERSION.encode() + b"".join(pin.read_bytes() for pin in pins)).hexdigest()
    stamp = PEERS / f"{name}.complete"
    with (PEERS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != digest:
            stamp.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            print(f"installing the {name} peers into {folder.relative_to(ROOT)}", file=sys.stderr, flush=True)
            install(folder)
            stamp.write_text(digest)
    return folder


def install_python(folder):
    try:
        import ensurepip  # noqa: F401  Debian keeps it in a package of its own
    except ImportError:
        raise MissingProgram("python3-venv is not installed") from None
    venv.create(folder, with_pip=True)
    run([folder / "bin" / "pip", "install", "--quiet", "--requirement", PINS / "requirements.txt"])


def install_node(folder):
    need("npm")
    folder.mkdir()
    shutil.copy(PINS / "package.json", folder)
    machine = {"x86_64": "x64", "aarch64": "arm64"}[platform.machine()]
    run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error", "--no-save",
         f"node-linux-{machine}@{NODE_VERSION}"], cwd=folder)
    (folder / "bin").mkdir()
    (folder / "bin" / "node").symlink_to(folder / "node_modules" / f"node-linux-{machine}" / "bin" / "node")


def install_go(folder):
    need("go")
    version = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < GO_VERSION_MIN:
        raise MissingProgram(f"wanted version 1.21 or newer, found {version}")
    folder.mkdir()
    for command in (["build", "-o", folder / "franz_go", "."],
                    # The client's own tests.
                    ["test", "-c", "-o", folder / "kgo_suite", "github.com/twmb/franz-go/pkg/kgo"]):
        run(["go", *command], cwd=GO_SOURCES, env={**os.environ, "GOFLAGS": "-mod=readonly"})


def install_java(folder):
    need("javac")
    need("mvn")
    run([ROOT / "tools" / "kafka" / "kafka.sh", "fetch"])
    folder.mkdir()
    (folder / "jars").symlink_to(ROOT / "build" / "kafka" / "jars")
    run(["javac", "-cp", folder / "jars" / "*", "-d", folder / "classes", *JAVA_SOURCES.iterdir()])


TOOL_CHAINS = {
    "python": (install_python, [PINS / "requirements.txt"]),
    "node": (install_node, [PINS / "package.json"]),
    "go": (install_go, [pathlib.Path(__file__), *sorted(GO_SOURCES.iterdir())]),
    "java": (install_java, [*(ROOT / "tools" / "kafka" / name for name in ("pom.xml", "kafka.sh")), *sorted(JAVA_SOURCES.iterdir())]),
}


def need(program):
    if shutil.which(program) is None:
        raise MissingProgram(f"{program} is not installed")


def run(command, **arguments):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **arguments)
    if done.returncode == 0:
        return
    said = done.stdout[-3000:]
    if NO_ANSWER.search(said):
        raise RegistryDoesNotAnswer(f"{pathlib.Path(command[0]).name} says:\n{said}")
    raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{said}")


def main(names):
    unknown = set(names) - TOOL_CHAINS.keys()
    if unknown:
        sys.exit(f"wanted some of {' '.join(TOOL_CHAINS)}, found {' '.join(sorted(unknown))}")
    status = 0
    for name in names or TOOL_CHAINS:
        try:
            prepare(name)
        except MissingProgram as missing:
            print(f"{name}: {missing}", file=sys.stderr)
            status = 77
        except RegistryDoesNotAnswer as silent:
            print(f"{name}: the package registry does not answer: {silent}", file=sys.stderr)
            status = status or 78
    sys.exit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
