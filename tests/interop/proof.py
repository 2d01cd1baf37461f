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
        if os.environ.get("MILLRACE_REQUIRE_PEERS") == "1":
            sys.exit(f"FAILED: {missing}, and MILLRACE_REQUIRE_PEERS=1 wants it; ./dev peers installs what it can")
        print(f"SKIPPED: {missing}; ./dev peers installs what it can")
        sys.exit(SKIPPED)
    except peers.RegistryDoesNotAnswer as silent:
        print(f"SKIPPED, THIS PEER WAS NOT TESTED: its package registry does not answer: {silent}")
        sys.exit(SKIPPED)


def write(client, version, codecs, features, requests):
    """requests: API name -> {version: count}, as the broker counted them."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {
        "client": client,
        "version": version,
        "codecs": codecs,
        "features": features,
        "requests": {api: sorted(versions) for api, versions in sorted(requests.items())},
    }
    (RESULTS / f"{client.rsplit('/', 1)[-1]}.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"{client} {version}: {', '.join(features)}; codecs {' '.join(codecs)}")
