"""Compaction against Apache Kafka: one broker each on the same disk, by turns. Run by run.py as the suite "compaction".

A topic's records are held back by min.compaction.lag.ms until all of them are in and sealed. From when that is lifted until
cleaner-offset-checkpoint, which both keep, reaches the end of what is sealed, a broker does nothing else."""

import contextlib
import json
import subprocess
import sys
import time

from contenders import contenders
from programs import (BUILD, ROOT, begin_resident_peak, build, cpu_seconds, delete_topic, make_topic, millrace,
                      resident_mib, resident_peak_mib, run_json)
from results import Figures

FOLDER = ROOT / "build/bench/compaction"
RECORDS, KEYS, VALUE_BYTES = 10_000_000, 1_000_000, 100
WARM_UP_SHARE = 4  # of the records and the keys
APPENDS_PER_S = 1_000
APPENDS_S = 10  # without compaction
HELD_BACK_MS = 24 * 3600 * 1000
# Else both rest for up to 15 s before they look, and an idle broker takes CPU too.
PROPERTIES = {"log.cleaner.backoff.ms": 100}
CLEAN_TIMEOUT_S = 300
POLL_S = 0.01
LOAD = BUILD / "bench/compaction_load"
NAME = f"compaction: {RECORDS // 1_000_000} M records of {KEYS // 1_000_000} M keys"


def run(runs):
    build("millrace", "compaction_load")
    figures = Figures()
    with contenders("compaction", FOLDER, PROPERTIES) as both:
        for contender in both:
            say(f"warming up, {contender.whose}")
            contender.start()
            cleaning_alone(contender, Figures(), RECORDS // WARM_UP_SHARE, KEYS // WARM_UP_SHARE)
        for index in range(runs):
            turns = both if index % 2 == 0 else both[::-1]
            say(f"run {index + 1}")
            for measure in [cleaning_alone, cleaning_beside_appends]:
                found = {contender.whose: measure(contender, figures, RECORDS, KEYS) for contender in turns}
                if len(set(found.values())) > 1:
                    raise RuntimeError(f"the brokers kept other last values: {found}")
    return figures.rows()


def say(what):
    print(f"compaction: {what}", file=sys.stderr)


def cleaning_alone(contender, figures, records, keys):
    """What compaction costs: CPU and memory of the whole broker, which has nothing else to do."""
    with sealed_topic(contender, records, keys) as topic:
        resident_before = resident_mib(contender.pid)
        begin_resident_peak(contender.pid)
        cpu, started = cpu_seconds(contender.pid), time.monotonic()
        clean(contender, topic, records)
        cpu, took = cpu_seconds(contender.pid) - cpu, time.monotonic() - started
        peak_mib = resident_peak_mib(contender.pid)
        figures.add(contender.whose, NAME, "records/s", records / took)
        figures.add(contender.whose, f"{NAME}, CPU", "s", cpu, best="lower")
        figures.add(contender.whose, "compaction: RSS, peak", "MiB", peak_mib, best="lower")
        figures.add(contender.whose, "compaction: RSS, peak above before", "MiB", peak_mib - resident_before,
                    best="lower")
        return check(contender, topic, records, keys)


def cleaning_beside_appends(contender, figures, records, keys):
    """What compaction does to appends to the same partition, against the same appends before it began."""
    with sealed_topic(contender, records, keys) as topic:
        with appending(contender, topic) as without:
            time.sleep(APPENDS_S)
        with appending(contender, topic) as meanwhile:
            clean(contender, topic, records)
        for said, shown in [(without, "without compaction"), (meanwhile, "during compaction")]:
            figures.add(contender.whose, f"compaction: append, p99 {shown}", "ms", said["p99_ms"], best="lower")
        figures.add(contender.whose, "compaction: append, p99 during of p99 without", "",
                    meanwhile["p99_ms"] / without["p99_ms"], best="lower")
        return check(contender, topic, records, keys)


# --- the steps --------------------------------------------------------------------------------------


@contextlib.contextmanager
def sealed_topic(contender, records, keys):
    """A topic of one partition whose records are all in sealed segments, and not compacted before clean() is called."""
    topic = f"compacted-{time.monotonic_ns()}"
    make_topic(contender.address, topic, 1, cleanup_policy="compact", min_compaction_lag_ms=HELD_BACK_MS,
               file_delete_delay_ms=1000)
    run_json([LOAD, "fill", contender.address, topic, records, keys, VALUE_BYTES])
    alter(contender, topic, segment_ms=1)
    time.sleep(0.1)
    millrace("produce", topic, "-q", "-b", contender.address, "--key-separator", ":", text="appended-seal:x\n")
    alter(contender, topic, segment_ms=HELD_BACK_MS)
    yield topic
    delete_topic(contender.address, topic)
    wait_until(lambda: not is_deleting(contender.data), f"the files of {topic} to go")


def is_deleting(data):
    try:
        return any(data.rglob("*delete*"))
    except FileNotFoundError:
        return True  # a folder went while it was looked through


def clean(contender, topic, end):
    """Lets compaction begin, and waits until everything before `end` is clean."""
    alter(contender, topic, min_compaction_lag_ms=0)
    checkpoint = contender.data / "cleaner-offset-checkpoint"
    wanted = f"{topic} 0 {end}"
    wait_until(lambda: checkpoint.exists() and wanted in checkpoint.read_text().splitlines(),
               f"\"{wanted}\" in {checkpoint}")


def check(contender, topic, records, keys):
    """All last values are there and nothing else is; gives a checksum of them."""
    found = run_json([LOAD, "check", contender.address, topic, records, keys, VALUE_BYTES])
    if found["records"] != found["keys"]:
        raise RuntimeError(f"wanted one record for each key, found {found}")
    return found["last_values"]


@contextlib.contextmanager
def appending(contender, topic):
    """Appends at a steady rate meanwhile; what became of it is there afterwards."""
    said = {}
    command = [str(word) for word in (LOAD, "append", contender.address, topic, APPENDS_PER_S, VALUE_BYTES)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield said
        output, _ = process.communicate(timeout=60)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    said.update(json.loads(output))


def alter(contender, topic, **configs):
    words = [word for key, value in configs.items() for word in ("--config", f"{key.replace('_', '.')}={value}")]
    millrace("topic", "alter", topic, "--brokers", contender.address, *words)


def wait_until(holds, what):
    deadline = time.monotonic() + CLEAN_TIMEOUT_S
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {CLEAN_TIMEOUT_S} s in vain for {what}")
        time.sleep(POLL_S)
