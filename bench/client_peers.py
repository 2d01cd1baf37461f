"""The clients that ours is held against: librdkafka's newest release and franz-go, both from their registries.

Each is run as our own load program is: produce|consume|await BROKERS TOPIC RECORDS VALUE_BYTES CODEC."""

import ctypes
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from programs import BUILD, ROOT, run_json

sys.path.insert(0, str(ROOT / "tools/peers"))
import prepare  # noqa: E402

GO_SOURCES = ROOT / "bench/peers/franz_go"
FOLDER = ROOT / "build/peers/clients"


@dataclass
class Client:
    name: str
    program: Path
    environment: dict = field(default_factory=dict)

    def load(self, mode, address, topic, records, size, codec="none"):
        return run_json([self.program, mode, address, topic, records, size, codec], self.environment)


def ours():
    return Client("Millrace", BUILD / "bench/client_load")


def librdkafka():
    """The library in confluent-kafka's wheel, which the interop tests install. It comes without headers, and librdkafka
    keeps its ABI: the program that was built with Debian's runs with it. Where it cannot be had, Debian's."""
    program = BUILD / "bench/rdkafka_load"
    try:
        wheels = prepare.prepare("python").glob("lib/python*/site-packages/confluent_kafka.libs/librdkafka-*.so.1")
        library = next(wheels)
    except (prepare.MissingProgram, prepare.RegistryDoesNotAnswer, StopIteration) as missing:
        say(f"Debian's librdkafka, for want of confluent-kafka's wheel: {missing!r}")
        return Client("librdkafka", program)
    folder = FOLDER / "librdkafka"
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "librdkafka.so.1"  # what the program asks for
    link.unlink(missing_ok=True)
    link.symlink_to(library)
    version = ctypes.CDLL(str(library)).rd_kafka_version_str
    version.restype = ctypes.c_char_p
    say(f"librdkafka {version().decode()}")
    return Client("librdkafka", program, {"LD_LIBRARY_PATH": str(folder)})


def franz_go():
    """Built with what its go.mod and go.sum pin; nothing without Go or the modules."""
    if shutil.which("go") is None:
        say("WITHOUT FRANZ-GO: go is not installed")
        return None
    program = FOLDER / "franz_go_load"
    built = subprocess.run(["go", "build", "-mod=readonly", "-o", str(program), "."], cwd=GO_SOURCES,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if built.returncode != 0 and prepare.NO_ANSWER.search(built.stdout):
        say(f"WITHOUT FRANZ-GO: {built.stdout.strip().splitlines()[-1]}")
        return None
    if built.returncode != 0:
        raise RuntimeError(f"go build failed:\n{built.stdout}")
    return Client("franz-go", program)


def say(what):
    print(f"client: {what}", file=sys.stderr)
