"""What a benchmark gives back: rows of {name, unit, ours, peer, ratio, goal, met}, and the table of them."""

import statistics
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

GOALS = Path(__file__).resolve().parent / "goals.toml"


def row(name, unit, ours, peer=None, best="higher"):
    ratio = None
    if peer and ours:
        ratio = ours / peer if best == "higher" else peer / ours
    return {"name": name, "unit": unit, "ours": ours, "peer": peer, "ratio": ratio, "goal": None,
            "met": None}


def median_of(results, key):
    return statistics.median(result[key] for result in results)


class Figures:
    """Values by name and by whose they are, several of each; their medians in the order they first came."""

    def __init__(self):
        self._values = {}

    def add(self, whose, name, unit, value, best="higher"):
        self._values.setdefault((name, unit, best), {}).setdefault(whose, []).append(value)

    def rows(self):
        return [row(name, unit, statistics.median(values["ours"]),
                    statistics.median(values["peer"]) if "peer" in values else None, best)
                for (name, unit, best), values in self._values.items()]


def with_goals(rows):
    goals = tomllib.loads(GOALS.read_text())["goal"]
    for entry in rows:
        goal = next((goal for goal in goals if fnmatchcase(entry["name"], goal["name"])), None)
        if goal:
            entry["goal"] = goal["goal"]
            held = entry["ratio"] if goal.get("of") == "ratio" else entry["ours"]
            if held is not None:
                entry["met"] = held >= goal["goal"] if goal["best"] == "higher" else held <= goal["goal"]
    return rows


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
