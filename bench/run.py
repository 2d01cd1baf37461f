#!/usr/bin/env python3
"""Runs the benchmarks of the release build and prints a table; --json FILE also writes it as a list of
{name, unit, ours, peer, ratio, goal, met}.

run.py [NAME] [--json FILE] [--runs N]
NAME  a module with *_bench.cc files (wire, storage, streams …), "client", "broker" or "demo"

Every figure is the median of several runs. A ratio above 1 says ours is better than the peer, whichever
way is better; goals are in goals.toml.
"""

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/release"
BINARY = BUILD / "millrace"
LOG = ROOT / "../shared/data/apache_access.log"
sys.path.insert(0, str(ROOT / "tests/process"))
from broker_process import BrokerProcess  # noqa: E402
import kafka_streams  # noqa: E402

LOAD_RECORDS = {100: 5_000_000, 1024: 1_000_000}
UNIT_NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def build(*targets):
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", str(BUILD), "--target", *targets], check=True,
                   stdout=subprocess.DEVNULL)


def row(name, unit, ours, peer=None, best="higher"):
    ratio = None
    if peer:
        ratio = ours / peer if best == "higher" else peer / ours
    return {"name": name, "unit": unit, "ours": ours, "peer": peer, "ratio": ratio, "goal": None,
            "met": None}


def with_goals(rows):
    goals = {goal["name"]: goal
             for goal in tomllib.loads((ROOT / "bench/goals.toml").read_text())["goal"]}
    for entry in rows:
        goal = goals.get(entry["name"])
        if goal:
            entry["goal"] = goal["goal"]
            entry["met"] = (entry["ours"] >= goal["goal"] if goal["best"] == "higher"
                            else entry["ours"] <= goal["goal"])
    return rows


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
         "--benchmark_min_time=0.2"],
        check=True, capture_output=True, text=True).stdout
    rows = []
    for result in json.loads(output)["benchmarks"]:
        if result.get("aggregate_name") != "median":
            continue
        name = f"{module}: {result['run_name'].removeprefix('BM_').removeprefix('bm_')}"
        if "items_per_second" in result:
            rows.append(row(name, "items/s", result["items_per_second"]))
        elif "bytes_per_second" in result:
            rows.append(row(name, "bytes/s", result["bytes_per_second"]))
        else:
            rows.append(row(name, "ns", result["cpu_time"] * UNIT_NS[result["time_unit"]]))
    return rows


# --- client and broker, against librdkafka ----------------------------------------------------------


def run_load(program, mode, address, topic, size):
    output = subprocess.run([str(BUILD / "bench" / program), mode, address, topic,
                             str(LOAD_RECORDS[size]), str(size)],
                            check=True, capture_output=True, text=True, timeout=300).stdout
    return json.loads(output)


def median_of(results, key):
    return statistics.median(result[key] for result in results)


def make_topic(address, name):
    subprocess.run([str(BINARY), "topic", "create", name, "--partitions", "4", "--brokers", address],
                   check=True, stdout=subprocess.DEVNULL)


def run_client(runs):
    """Ours and librdkafka by turns against the same broker, which flushes nothing."""
    build("millrace", "client_load", "rdkafka_load")
    programs = ["client_load", "rdkafka_load"]
    rows = []
    for size in LOAD_RECORDS:
        produced = {program: [] for program in programs}
        consumed = {program: [] for program in programs}
        for number in range(runs):
            with BrokerProcess(BINARY, "--fsync", "never") as broker:
                for program in programs:
                    topic = f"{program}-{number}"
                    make_topic(broker.address, topic)
                    produced[program].append(run_load(program, "produce", broker.address, topic, size))
                for program in programs:
                    consumed[program].append(
                        run_load(program, "consume", broker.address, f"client_load-{number}", size))
        shown = f"{size} B" if size < 1024 else f"{size // 1024} KiB"
        for what, results in [("produce", produced), ("consume", consumed)]:
            ours, peer = (results[program] for program in programs)
            rows.append(row(f"client: {what} {shown}", "records/s", median_of(ours, "records_per_s"),
                            median_of(peer, "records_per_s")))
            rows.append(row(f"client: {what} {shown}, CPU", "ns/record",
                            median_of(ours, "cpu_ns_per_record"),
                            median_of(peer, "cpu_ns_per_record"), best="lower"))
    return rows


def resident_mib(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1)) / 1024


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_broker(runs):
    build("millrace", "client_load")
    start_ms, rss_mib, cpu_per_gb = [], [], []
    for _ in range(runs):
        started = time.monotonic()
        with BrokerProcess(BINARY) as broker:
            subprocess.run([str(BINARY), "produce", "first", "-q", "-b", broker.address], input="x\n",
                           text=True, check=True)
            start_ms.append((time.monotonic() - started) * 1000)
        with BrokerProcess(BINARY, "--fsync", "never") as broker:
            rss_mib.append(resident_mib(broker.process.pid))
            make_topic(broker.address, "load")
            before = cpu_seconds(broker.process.pid)
            run_load("client_load", "produce", broker.address, "load", 1024)
            spent = cpu_seconds(broker.process.pid) - before
            cpu_per_gb.append(spent / (LOAD_RECORDS[1024] * 1024 / 1e9))
    return [row("start to first acknowledged record", "ms", statistics.median(start_ms)),
            row("idle RSS", "MiB", statistics.median(rss_mib)),
            row("broker: CPU per GB produced, 1 KiB", "s", statistics.median(cpu_per_gb))]


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
        subprocess.run([str(BINARY), "topic", "create", name, "--partitions", "4", "--brokers", address,
                        "--config", "retention.ms=-1"], check=True, stdout=subprocess.DEVNULL)

    return kafka_streams.measure(runs, make_bids_topic, row)


# ----------------------------------------------------------------------------------------------------


def shown(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def print_table(rows):
    header = ["NAME", "UNIT", "OURS", "PEER", "RATIO", "GOAL", "MET"]
    lines = [header] + [[entry["name"], entry["unit"], shown(entry["ours"]), shown(entry["peer"]),
                         shown(entry["ratio"]), shown(entry["goal"]),
                         {None: "-", True: "yes", False: "NO"}[entry["met"]]] for entry in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        cells = [text.ljust(widths[i]) if i < 2 else text.rjust(widths[i])
                 for i, text in enumerate(line)]
        print("  ".join(cells).rstrip())


def main():
    parser = argparse.ArgumentParser(description="Millrace's benchmarks")
    parser.add_argument("name", nargs="?")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()

    programs = {"client": run_client, "broker": run_broker, "demo": run_demo, "kafka_streams": run_kafka_streams}
    suites = {module: [lambda runs, module=module: run_module(module, runs)]
              for module in modules_with_benchmarks()}
    for name, run in programs.items():
        suites.setdefault(name, []).append(run)
    if options.name and options.name not in suites:
        sys.exit(f"want one of {', '.join(suites)}, found \"{options.name}\"")
    chosen = [options.name] if options.name else list(suites)
    rows = with_goals([entry for name in chosen for run in suites[name] for entry in run(options.runs)])
    print_table(rows)
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
