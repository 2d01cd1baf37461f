"""Our client's producers in a process of their own; see transaction_peer.cc for the calls."""

import subprocess

PATIENCE_S = 120


class Peer:
    def __init__(self, program):
        self._process = subprocess.Popen([program], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def call(self, *words):
        self._process.stdin.write("\t".join(str(word) for word in words) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise AssertionError(f"the peer died at {words}")
        return answer.strip()

    def close(self):
        """Producers that are still open abort what they have begun."""
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()

    def kill(self):
        """SIGKILL: nobody aborts anything."""
        self._process.kill()
        self._process.wait(PATIENCE_S)
        self._process.stdin.close()
        self._process.stdout.close()
