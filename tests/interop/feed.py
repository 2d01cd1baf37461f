"""Lines without an end for a producer that reads them from its standard input."""

import subprocess
import threading


class Feed(threading.Thread):
    """Writes line after line to `command`, `count` of them each `pause_s`, until it is ended; line_of(number) makes them."""

    def __init__(self, command, line_of, count, pause_s):
        super().__init__(daemon=True)
        self.written = 0
        self._line_of = line_of
        self._count = count
        self._pause_s = pause_s
        self._ends = threading.Event()
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)

    def run(self):
        while not self._ends.wait(self._pause_s):
            numbers = range(self.written, self.written + self._count)
            self._process.stdin.write("".join(self._line_of(number) + "\n" for number in numbers))
            self._process.stdin.flush()
            self.written += self._count

    def end(self, patience_s):
        """Waits until the producer has written all of them."""
        self._ends.set()
        self.join()
        self._process.stdin.close()
        if self._process.wait(patience_s) != 0:
            raise AssertionError(f"the producer ended with {self._process.returncode}")

    def kill(self):
        self._ends.set()
        self.join()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
