#!/usr/bin/env python3
"""Runs the benchmarks of the release build and prints a table; --json FILE also writes it as a list of
{name, unit, ours, peer, ratio, goal, met}.

run.py [NAME] [--json FILE] [--runs N]
NAME  a module with *_bench.cc files (wire, storage, streams …), "client", "broker", "many_small", "transactions",
      "flush", "limits", "compaction", "demo" or "kafka_streams"

Every figure is the median of several runs. A ratio above 1 says ours is better than the peer, whichever
way is better; goals are in goals.toml.
"""

import argparse
import json
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import broker_suite
import client_suite
import compaction_suite
import flush_suite
import kafka_streams
import limits_suite
import many_small_suite
import transactions_suite
from programs import BINARY, BUILD, ROOT, build, make_topic
from results import print_table, row, with_goals

LOG = ROOT / "../shared/data/apache_access.log"

BENCHMARK_MIN_S = 0.1
UNIT_NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


# --- benchmarks inside one process ------------------------------------------------------------------


def modules_with_benchmarks():
    return sorted({path.relative_to(ROOT / "src").parts[0]
                   for path in (ROOT / "src").rglob("*_bench.cc")})


def run_module(module, runs):
    target = f"{module}_bench"
    build(target)
    output = subprocess.run(
        [str(BUILD / "src" / module / target), f"--benchmark_repetitions={runs}",
         "--benchmark_report_aggregates_only=true", "--benchmark_format=json",
         f"--benchmark_min_time={BENCHMARK_MIN_S}"],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    rows = []
    for result in json.loads(output)["benchmarks"]:
        if result.get("aggregate_name") != "median":
            continue
        name = f"{module}: {result['run_name'].removeprefix('BM_').removeprefix('bm_')}"
        cpu_ns = result["cpu_time"] * UNIT_NS[result["time_unit"]]
        counted_ns = cpu_ns  # rates are of CPU time, unless the benchmark says that it counts real time
        if result["run_name"].endswith("/real_time"):
            counted_ns = result["real_time"] * UNIT_NS[result["time_unit"]]
        if "items_per_second" in result:
            items = result["items_per_second"] * counted_ns / 1e9
            rows.append(row(name, "records per CPU s", items / cpu_ns * 1e9))
            rows.append(row(f"{name}, CPU", "ns/record", cpu_ns / items, best="lower"))
        elif "bytes_per_second" in result:
            size = result["bytes_per_second"] * counted_ns / 1e9
            rows.append(row(name, "bytes per CPU s", size / cpu_ns * 1e9))
        else:
            rows.append(row(name, "CPU ns", cpu_ns, best="lower"))
    return rows


# --- the demo ---------------------------------------------------------------------------------------


def run_demo(runs):
    build("millrace")
    arguments = ["--input", str(LOG)] if LOG.exists() else ["--lines", "10000"]
    name = "demo on the given log" if LOG.exists() else "demo on a log of 10,000 lines"
    lines = sum(1 for _ in LOG.open("rb")) if LOG.exists() else 10_000
    wall, cpu = [], []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.monotonic()
        subprocess.run([str(BINARY), "demo", *arguments], check=True, stdout=subprocess.DEVNULL)
        wall.append(time.monotonic() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    million = 1_000_000
    inside = []
    for _ in range(runs):
        output = subprocess.run([str(BINARY), "demo", "--lines", str(million)], check=True,
                                capture_output=True, text=True).stdout
        inside.append(int(re.search(r": ([\d,]+) lines/s", output).group(1).replace(",", "")))
    return [row(name, "s", statistics.median(wall)),
            row(f"{name}, CPU", "ns/line", statistics.median(cpu) / lines * 1e9),
            row("demo: a million lines", "lines/s", statistics.median(inside))]


# --- streams, against Kafka Streams -----------------------------------------------------------------


def run_kafka_streams(runs):
    missing = [tool for tool in ("mvn", "javac") if shutil.which(tool) is None]
    if missing:
        print(f"kafka_streams: left out, it needs {' and '.join(missing)}", file=sys.stderr)
        return []
    build("millrace", "streams_load")

    def make_bids_topic(address, name):
        make_topic(address, name, retention_ms=-1)

    return kafka_streams.measure(runs, make_bids_topic, row)


# ----------------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description="Millrace's benchmarks")
    parser.add_argument("name", nargs="?")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()

    programs = {"client": client_suite.run, "broker": broker_suite.run, "many_small": many_small_suite.run,
                "transactions": transactions_suite.run, "flush": flush_suite.run, "limits": limits_suite.run,
                "compaction": compaction_suite.run, "demo": run_demo, "kafka_streams": run_kafka_streams}
    suites = {module: [lambda runs, module=module: run_module(module, runs)]
              for module in modules_with_benchmarks()}
    for name, run in programs.items():
        suites.setdefault(name, []).append(run)
    if options.name and options.name not in suites:
        sys.exit(f"wanted one of {', '.join(suites)}, found \"{options.name}\"")
    chosen = [options.name] if options.name else list(suites)
    rows = with_goals([entry for name in chosen for run in suites[name] for entry in run(options.runs)])
    print_table(rows)
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
