"""How an interop test ends: skipped with the reason, or with a JSON file that says what it proved."""

import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "peers"))

import prepare as peers  # noqa: E402

RESULTS = ROOT / "build" / "interop"
SKIPPED = 77  # what CMake's SKIP_RETURN_CODE says


def tool_chain(name):
    """The tool chain's folder; ends the test as skipped when it cannot be had.

    With MILLRACE_REQUIRE_PEERS=1 a missing program fails instead; a registry that does not answer never does.
    """
    try:
        return peers.prepare(name)
    except peers.MissingProgram as missing:
        end_without(missing)
    except peers.RegistryDoesNotAnswer as silent:
        print(f"SKIPPED, THIS PEER WAS NOT TESTED: its package registry does not answer: {silent}")
        sys.exit(SKIPPED)


def program(name):
    """Ends the test as tool_chain() does when the program is not installed."""
    try:
        peers.need(name)
    except peers.MissingProgram as missing:
        end_without(missing)


def end_without(missing):
    if os.environ.get("MILLRACE_REQUIRE_PEERS") == "1":
        sys.exit(f"FAILED: {missing}, and MILLRACE_REQUIRE_PEERS=1 wants it; ./dev peers installs what it can")
    print(f"SKIPPED: {missing}; ./dev peers installs what it can")
    sys.exit(SKIPPED)


def result_file(client):
    return RESULTS / f"{client.rsplit('/', 1)[-1]}.json"


def forget(client):
    """What an earlier run proved says nothing about this one."""
    result_file(client).unlink(missing_ok=True)


def write(client, version, codecs, features, requests):
    """requests: API name -> {version: count}, as the broker counted them; zeros for what it served to nobody."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {
        "client": client,
        "version": version,
        "codecs": codecs,
        "features": features,
        "used": {api: sorted(version for version, count in versions.items() if count > 0)
                 for api, versions in sorted(requests.items()) if any(versions.values())},
    }
    served = {api: [min(versions), max(versions)] for api, versions in sorted(requests.items())}
    result_file(client).write_text(json.dumps(result, indent=2) + "\n")
    (RESULTS / "served.json").write_text(json.dumps(served, indent=2) + "\n")
    print(f"{client} {version}: {', '.join(features)}; codecs {' '.join(codecs)}")


def write_specification(version, messages, not_described):
    """messages: how many of ours are as Kafka's specifications have them; not_described: the requests we do not have."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {"version": version, "messages": messages, "not_described": not_described}
    (RESULTS / "specification.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"{messages} messages as Kafka {version} specifies them; not described: {', '.join(not_described)}")
