"""How far one broker goes: many partitions, much log to recover, many connections. Ours alone. Run by run.py as the
suite "limits"."""

import contextlib
import json
import resource
import shutil
import subprocess
import sys
import time

from contenders import Millrace
from programs import BUILD, ROOT, build, cpu_seconds, make_topic, millrace, resident_mib, run_load
from results import Figures

FOLDER = ROOT / "build/bench/limits"
PARTITIONS = 10_000
LOG_BYTES, VALUE_BYTES = 10 << 30, 1024
LOG_PARTITIONS = [1, 10]
CONNECTIONS = 10_000
SETTLE_S, IDLE_S = 5, 10
SPARE_FILES = 100  # what a process has open besides


def run(runs):
    build("millrace", "client_load", "idle_load")
    figures = Figures()
    for index in range(runs):
        say(f"run {index + 1}")
        for measure in [start_with_many_partitions, hold_many_connections, recover_much_log]:
            shutil.rmtree(FOLDER, ignore_errors=True)
            FOLDER.mkdir(parents=True)
            try:
                measure(figures)
            finally:
                shutil.rmtree(FOLDER, ignore_errors=True)
    return figures.rows()


def say(what):
    print(f"limits: {what}", file=sys.stderr)


@contextlib.contextmanager
def broker(name="broker"):
    """With the default --fsync: what is acknowledged is on disk."""
    folder = FOLDER / name
    folder.mkdir()
    with Millrace(folder, fsync="group") as started:
        started.start()
        yield started
    shutil.rmtree(folder)


def seconds_of(function, *arguments, **options):
    started = time.monotonic()
    function(*arguments, **options)
    return time.monotonic() - started


def start_and_produce(contender, topic):
    """Until a record is acknowledged."""
    contender.start()
    millrace("produce", topic, "-q", "-b", contender.address, text="x\n")


# --- partitions -------------------------------------------------------------------------------------


def start_with_many_partitions(figures):
    if not can_open(PARTITIONS, "a topic of so many partitions"):
        return
    name = f"limits: {PARTITIONS:,} partitions"
    with broker() as contender:
        figures.add("ours", f"{name}, made", "s", seconds_of(make_topic, contender.address, "many", PARTITIONS),
                    best="lower")
        for end, shown in [(contender.stop, "start"), (contender.kill, "start after SIGKILL")]:
            end()
            figures.add("ours", f"{name}, {shown} to first acknowledged record", "s",
                        seconds_of(start_and_produce, contender, "many"), best="lower")
        figures.add("ours", f"{name}, RSS", "MiB", resident_mib(contender.pid), best="lower")


def can_open(files, what):
    """The broker raises its limit as far as it may."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if allowed == resource.RLIM_INFINITY or allowed >= files + SPARE_FILES:
        return True
    say(f"LEFT OUT, {what}: wanted {files + SPARE_FILES} open files, allowed are {allowed} (ulimit -Hn)")
    return False


# --- recovery ---------------------------------------------------------------------------------------


def recover_much_log(figures):
    """Each time of a log that was just written: what a recovery has read once it need not read again."""
    free = shutil.disk_usage(FOLDER).free
    if free < LOG_BYTES * 6 // 5:
        say(f"LEFT OUT, recovery: wanted {LOG_BYTES * 6 // 5 >> 30} GiB of disk, free are {free >> 30}")
        return
    records = LOG_BYTES // VALUE_BYTES
    for partitions in LOG_PARTITIONS:
        shown = f"{LOG_BYTES >> 30} GiB in {partitions} partition{'s' if partitions > 1 else ''}"
        with broker(f"log-of-{partitions}") as contender:
            make_topic(contender.address, "log", partitions)
            run_load("client_load", "produce", contender.address, "log", records, VALUE_BYTES)
            contender.kill()
            figures.add("ours", f"limits: {shown}, SIGKILL to first acknowledged record", "s",
                        seconds_of(start_and_produce, contender, "after"), best="lower")
            run_load("client_load", "consume", contender.address, "log", records, VALUE_BYTES)  # nothing is missing


# --- connections ------------------------------------------------------------------------------------


def hold_many_connections(figures):
    if not can_open(CONNECTIONS, "connections"):
        return
    name = f"limits: {CONNECTIONS:,} idle connections"
    with broker() as contender, held_connections(contender.address):
        time.sleep(SETTLE_S)
        before = cpu_seconds(contender.pid)
        time.sleep(IDLE_S)
        figures.add("ours", f"{name}, CPU", "% of a core", (cpu_seconds(contender.pid) - before) / IDLE_S * 100,
                    best="lower")
        figures.add("ours", f"{name}, RSS", "MiB", resident_mib(contender.pid), best="lower")


@contextlib.contextmanager
def held_connections(address):
    with subprocess.Popen([str(BUILD / "bench/idle_load"), address, str(CONNECTIONS)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as holder:
        said = holder.stdout.readline()
        if not said or json.loads(said)["connections"] != CONNECTIONS:
            raise RuntimeError(f"wanted {CONNECTIONS} connections, found: {said}")
        yield
        holder.stdin.close()
