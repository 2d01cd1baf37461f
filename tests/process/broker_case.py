"""Test cases that share one `millrace up` and run other commands of the binary against it."""

import os
import subprocess
import time
import unittest

from broker_process import BrokerProcess

DONE, FAILED, WRONG_USAGE = 0, 1, 2
DEADLINE_S = 90


def wait_for(what, condition):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {DEADLINE_S} s for {what}")
        time.sleep(0.005)


class BrokerCase(unittest.TestCase):
    binary = None  # set before the tests run

    @classmethod
    def setUpClass(cls):
        cls.broker = BrokerProcess(cls.binary)
        cls.broker.start()
        cls.environment = {**os.environ, "MILLRACE_BROKERS": cls.broker.address}

    @classmethod
    def tearDownClass(cls):
        cls.broker.stop()

    def run_millrace(self, *arguments, stdin=""):
        return subprocess.run([self.binary, *arguments], text=True, input=stdin, capture_output=True,
                              timeout=90, check=False, env=self.environment)

    def run_ok(self, *arguments, stdin=""):
        done = self.run_millrace(*arguments, stdin=stdin)
        self.assertEqual(done.returncode, DONE, (arguments, done.stderr))
        return done.stdout

    def start(self, *arguments, **streams):
        process = subprocess.Popen([self.binary, *arguments], env=self.environment, **streams)
        self.addCleanup(process.kill)  # does nothing once it was waited for
        return process
