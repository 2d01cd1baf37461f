"""A driver: a small program around one client library, told what to do in JSON lines.

Commands, one a line on its stdin, each answered by one line {"done": ...} or {"error": text}:
  {"do": "create", "topic": T, "partitions": N}
  {"do": "produce", "topic": T, "codec": C, "idempotence": bool, "records": [[key, value], ...]}
      answers the [partition, offset] of each record, in order, or null when the library does not say
  {"do": "join", "topic": T, "group": G}     becomes a member; from now on the driver also writes events:
      {"event": "assigned", "partitions": [...]}               all it has, after each rebalance
      {"event": "records", "records": [[partition, offset, key, value], ...]}   before their commit
  {"do": "leave"}     commits and leaves the group
  {"do": "version"}   answers the client library's version
Of those that have transactions:
  {"do": "transact", "topic": T, "id": X, "records": [[partition, value], ...], "end": "commit" | "abort" | "none"}
      one transaction of the producer of that transactional id, which is made and kept at its first use; with "group"
      and "offset" that offset of partition 0 is committed in it
  {"do": "end", "id": X, "end": "commit" | "abort"}   ends one that "none" left open
  {"do": "read", "topic": T, "partitions": N}   answers [[partition, value], ...] of all that is committed
  {"do": "committed", "topic": T, "group": G}   answers the group's offset of partition 0, -1 without one
The end of stdin ends the driver.
"""

import json
import queue
import subprocess
import threading
import time


class Driver:
    """One driver process. Its events go to a queue shared by all drivers of a scenario."""

    def __init__(self, name, command, bootstrap, events, env=None):
        self.name = name
        self._events = events
        self._answers = queue.Queue()
        self._stderr = []
        self._process = subprocess.Popen([*command, bootstrap], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True, env=env)
        threading.Thread(target=self._read_stdout, daemon=True).start()
        threading.Thread(target=self._read_stderr, daemon=True).start()

    def ask(self, do, **arguments):
        """Sends a command and returns its answer."""
        self.tell(do, **arguments)
        return self.answer()

    def tell(self, do, **arguments):
        """Sends a command; answer() collects what comes back."""
        self._last = do
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()

    def answer(self, timeout_s=30):
        try:
            answer = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            raise AssertionError(f"{self.name} did not answer {self._last} in {timeout_s} s{self._said()}") from None
        if answer is None:
            raise AssertionError(f"{self.name} ended during {self._last}{self._said()}")
        if "error" in answer:
            raise AssertionError(f"{self.name} failed in {self._last}: {answer['error']}{self._said()}")
        return answer["done"]

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end with its stdin{self._said()}") from None

    def kill(self):
        self._process.kill()
        self._process.wait()

    def _said(self):
        time.sleep(0.2)  # the other thread may still be reading the last words
        return "\n--- its stderr\n" + "".join(self._stderr[-60:]) if self._stderr else ""

    def _read_stdout(self):
        for line in self._process.stdout:
            if not line.startswith("{"):
                self._stderr.append(line)
                continue
            message = json.loads(line)
            if "event" in message:
                self._events.put((self.name, message))
            else:
                self._answers.put(message)
        self._answers.put(None)

    def _read_stderr(self):
        for line in self._process.stderr:
            self._stderr.append(line)
