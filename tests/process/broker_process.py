"""`millrace up` as a child process on a free port, for tests that talk to it from outside."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

READY_TIMEOUT_S = 90
STOP_TIMEOUT_S = 90


class BrokerProcess:
    """Starts on a data directory of its own (or an ephemeral one) and stops by signal to its pid."""

    def __init__(self, binary, *arguments, data_directory=None, partitions=1, preexec=None):
        self.binary = str(binary)
        self.scratch = Path(tempfile.mkdtemp(prefix="millrace-test-"))
        self.port_file = self.scratch / "port"
        storage = ["--data", str(data_directory)] if data_directory else ["--ephemeral"]
        self.command = [self.binary, "up", *storage, "--kafka", "127.0.0.1:0",
                        "--port-file", str(self.port_file), "--partitions", str(partitions),
                        "--die-with-parent", *arguments]
        self.preexec = preexec  # runs in the child before the broker does, to limit it
        self.process = None
        self.address = None
        self.ready_line = None
        self.said = ""  # on stderr, known once it stopped

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def start(self):
        self.port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, preexec_fn=self.preexec)
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self.port_file.exists() or not self.port_file.read_text().strip():
            if self.process.poll() is not None:
                raise RuntimeError(f"{' '.join(self.command)} ended with {self.process.returncode}: "
                                   f"{self.process.stderr.read()}")
            if time.monotonic() > deadline:
                self.process.kill()
                raise RuntimeError(f"{' '.join(self.command)} was not ready in {READY_TIMEOUT_S} s")
            time.sleep(0.005)
        self.address = self.port_file.read_text().strip()
        self.ready_line = self.process.stdout.readline().strip()

    def stop(self, how=signal.SIGTERM):
        """Returns the exit code; raises when it does not end by itself."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        if process.poll() is None:
            os.kill(process.pid, how)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise RuntimeError(f"millrace up did not stop within {STOP_TIMEOUT_S} s") from None
        process.stdout.close()
        self.said = process.stderr.read()
        process.stderr.close()
        return process.returncode
