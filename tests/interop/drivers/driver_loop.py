"""The frame of the drivers written in Python; driver_process.py says what they are told and answer."""

import asyncio
import json
import sys
import threading

_write_lock = threading.Lock()


def write(message):
    with _write_lock:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def assigned(partitions):
    write({"event": "assigned", "partitions": sorted(partitions)})


def received(records):
    """records: (partition, offset, key bytes, value bytes)."""
    write({"event": "records", "records": [[partition, offset, key.decode(), value.decode()]
                                           for partition, offset, key, value in records]})


def commands():
    for line in sys.stdin:
        yield json.loads(line)


def run(handlers):
    """handlers: command name -> function(command) that returns the answer."""
    for command in commands():
        try:
            write({"done": handlers[command["do"]](command)})
        except Exception as error:  # whatever the library throws is the answer
            write({"error": f"{type(error).__name__}: {error}"})


async def run_async(handlers):
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        try:
            write({"done": await handlers[command["do"]](command)})
        except Exception as error:
            write({"error": f"{type(error).__name__}: {error}"})
