"""The release build: what is built, and how its programs are run and watched."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/release"
BINARY = BUILD / "millrace"
LOAD_TIMEOUT_S = 180


def build(*targets):
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", str(BUILD), "--target", *targets], check=True,
                   stdout=subprocess.DEVNULL)


def run_json(command, environment=None):
    """Runs a program that prints one line of JSON; `environment` is what it has besides ours."""
    output = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True,
                            timeout=LOAD_TIMEOUT_S, env={**os.environ, **(environment or {})}).stdout
    return json.loads(output)


def run_load(program, mode, address, topic, records, size, codec="none"):
    return run_json([BUILD / "bench" / program, mode, address, topic, records, size, codec])


def millrace(*arguments, text=""):
    subprocess.run([str(BINARY), *arguments], input=text, text=True, check=True, stdout=subprocess.DEVNULL)


def make_topic(address, name, partitions=4, **configs):
    options = [word for key, value in configs.items() for word in ("--config", f"{key.replace('_', '.')}={value}")]
    millrace("topic", "create", name, "--partitions", str(partitions), "--brokers", address, *options)


def delete_topic(address, name):
    millrace("topic", "delete", name, "--brokers", address)


def shown_size(size):
    return f"{size} B" if size < 1024 else f"{size // 1024} KiB"


def resident_mib(pid):
    return memory_mib(pid, "VmRSS")


def begin_resident_peak(pid):
    """The peak begins anew at what is resident now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def resident_peak_mib(pid):
    return memory_mib(pid, "VmHWM")


def memory_mib(pid, what):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+) kB", text).group(1)) / 1024


def cpu_seconds(pid):
    """User and system time of all threads, also of those that ended, to the nanosecond: the process's own clock."""
    cpu_clock_of_all_threads = 2
    return time.clock_gettime((~pid << 3) | cpu_clock_of_all_threads)
