"""Command line tools as drivers: the interface of driver_process.Driver over programs that only print."""

import signal
import subprocess
import threading


class ToolDriver:
    """A subclass has version(), create(), produce() and join(), as driver_process.py describes them."""

    def __init__(self, name, events):
        self.name = name
        self._events = events
        self._process = None  # the member, while there is one

    def ask(self, do, **arguments):
        self.tell(do, **arguments)
        return self.answer()

    def tell(self, do, **arguments):
        self._answer = getattr(self, do)(**arguments)

    def answer(self):
        return self._answer

    def leave(self):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)
        for reader in self._readers:
            reader.join(20)

    def close(self):
        pass

    def kill(self):
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            print(f"--- {self.name} was {' '.join(map(str, self._process.args))}")

    def _follow(self, process, stdout, stderr=None):
        """Hands each line of the member's output to a function."""
        self._process = process
        self._readers = [threading.Thread(target=self._read, args=(process.stdout, stdout), daemon=True)]
        if stderr is not None:
            self._readers.append(threading.Thread(target=self._read, args=(process.stderr, stderr), daemon=True))
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(pipe, take):
        for line in pipe:
            take(line.rstrip("\n"))

    def _received(self, partition, offset, key, value):
        self._say({"event": "records", "records": [[int(partition), int(offset), key, value]]})

    def _assigned(self, partitions):
        self._say({"event": "assigned", "partitions": sorted(partitions)})

    def _say(self, event):
        self._events.put((self.name, event))


def run(command, stdin=None):
    done = subprocess.run(command, input=stdin, text=True, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done
