#!/usr/bin/env python3
"""Writes docs/compatibility.md from what the interop tests proved.

  compatibility.py --write     takes over the results in build/interop; clients that were not run keep their record
  compatibility.py --verify    fails when a result differs from its record, or the page from the records

The records lie in docs/generated/compatibility.json: what each client proved, and the versions that were served.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "build" / "interop"
RECORDS = ROOT / "docs" / "generated" / "compatibility.json"
PAGE = ROOT / "docs" / "compatibility.md"
API_KEYS = ROOT / "src" / "wire" / "api_key.h"

ORDER = ["java-tools", "java-admin-tools", "kcat", "confluent-kafka", "aiokafka", "kafkajs", "@platformatic/kafka", "franz-go"]
ABOUT = {
    "java-tools": "Apache Kafka's console, verifiable, topics and groups tools",
    "java-admin-tools": "Apache Kafka's tools for configurations, partitions, quotas and features",
    "kcat": "[kcat](https://github.com/edenhill/kcat)",
    "confluent-kafka": "[confluent-kafka](https://pypi.org/project/confluent-kafka/) for Python",
    "aiokafka": "[aiokafka](https://pypi.org/project/aiokafka/) for Python",
    "kafkajs": "[kafkajs](https://www.npmjs.com/package/kafkajs) for Node.js",
    "@platformatic/kafka": "[@platformatic/kafka](https://www.npmjs.com/package/@platformatic/kafka) for Node.js",
    "franz-go": "[franz-go](https://github.com/twmb/franz-go) for Go",
}
FEATURES = ["create topic", "produce", "idempotent produce", "group of two", "rebalance", "commit", "resume"]


def main(action):
    records = json.loads(RECORDS.read_text()) if RECORDS.exists() else {}
    results = fresh_results()
    if action == "--write":
        write({**records, **results})
    elif action == "--verify":
        verify(records, results)
    else:
        sys.exit(__doc__)


def fresh_results():
    """Client -> what its last run proved; "served" -> API name -> first and last version; "specification" -> which
    requests are not described."""
    read = {file.stem: json.loads(file.read_text()) for file in sorted(RESULTS.glob("*.json"))}
    return {result.get("client", name): result for name, result in read.items()}


def write(records):
    RECORDS.write_text(json.dumps(records, indent=1, sort_keys=True) + "\n")
    PAGE.write_text(page(records))
    print(f"{PAGE.relative_to(ROOT)}: {sum(name in records for name in ORDER)} clients")


def verify(records, results):
    stale = [name for name, result in results.items() if records.get(name) != result]
    for name in stale:
        print(f"{name}: the record says\n{json.dumps(records.get(name), sort_keys=True)}\nthe test proved\n"
              f"{json.dumps(results[name], sort_keys=True)}")
    if not PAGE.exists() or PAGE.read_text() != page(records):
        stale.append(str(PAGE.relative_to(ROOT)))
    if stale:
        sys.exit(f"stale: {', '.join(stale)}; run tools/interop/compatibility.py --write and look at the difference")
    print(f"compatibility: {len(results)} results as recorded, {len(records)} records as on the page")


def page(records):
    clients = [records[name] for name in ORDER if name in records]
    return "\n".join([
        "# Compatibility",
        "",
        "What was run, by programs that nobody here wrote, against `millrace up`. This page is written by "
        "`tools/interop/compatibility.py` from what the [interop tests](../tests/interop) proved; `ctest -L interop` "
        "fails when the two differ.",
        "",
        "## Clients",
        "",
        "Each client creates a topic, produces with every codec (the log is looked into, whether it holds that codec) and with "
        "idempotence, consumes in a group while a second member joins and leaves, commits, and resumes with a new "
        "member; every record comes once and in order per key. Administrators' tools change what they are for, and see it.",
        "",
        *table(["Client", "Version", "Codecs", *FEATURES, "Also"], [client_row(client) for client in clients]),
        "",
        "## Versions of the protocol",
        "",
        "The versions of each API that the client's requests had, as the broker counted them.",
        "",
        *table(["Key", "API", "Millrace serves", *[client["client"] for client in clients]],
               api_rows(records["served"], clients)),
        "",
        *specification_lines(records.get("specification")),
    ])


def specification_lines(proved):
    if proved is None:
        return []
    return [
        "## Messages",
        "",
        f"Names, types, versions, defaults and tags of {proved['messages']} requests, responses and records are as the "
        f"specifications in Apache Kafka {proved['version']} have them, in every version. What is described can be "
        "read and written; the broker serves what the table above has. Not described are:",
        "",
        f"{', '.join(proved['not_described'])}.",
        "",
    ]


def client_row(client):
    proved = client["features"]
    more = [feature for feature in proved if feature not in FEATURES]
    return [ABOUT[client["client"]], client["version"], " ".join(client["codecs"]),
            *["yes" if feature in proved else "" for feature in FEATURES], ", ".join(more)]


def api_rows(served, clients):
    keys = {name: int(key) for name, key in re.findall(r"\bk(\w+) = (\d+)", API_KEYS.read_text())}
    for api in sorted(served, key=lambda name: keys[name]):
        first, last = served[api]
        yield [str(keys[api]), api, str(first) if first == last else f"{first}–{last}",
               *[", ".join(map(str, client["used"].get(api, []))) for client in clients]]


def table(head, rows):
    return [f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows]]


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) == 2 else "")
