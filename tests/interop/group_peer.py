"""Our client's consumer in a process of its own; see group_peer.cc for what it says."""

import subprocess

import tool_driver


class MillraceMember(tool_driver.ToolDriver):
    """A member of a scenario's group; `properties` go to the consumer."""

    def __init__(self, name, program, address, events, **properties):
        super().__init__(name, events)
        self._command = [program, address]
        self._properties = [f"{key.replace('_', '.')}={value}" for key, value in properties.items()]
        self.held = set()
        self.losses = 0
        self.values = []

    def join(self, topic, group):
        """`topic` may be "~" and a pattern."""
        process = subprocess.Popen([*self._command, group, topic, *self._properties], text=True,
                                   stdout=subprocess.PIPE)
        self._follow(process, self._take)

    @property
    def process(self):
        return self._process

    def leave(self):
        super().leave()
        self._process.stdout.close()
        if self._process.returncode != 0:
            raise AssertionError(f"{self.name} ended with {self._process.returncode}")

    def _take(self, line):
        what, _, rest = line.partition("\t")
        if what == "record":
            partition, offset, key, value = rest.split("\t")
            self.values.append(value)
            self._received(partition, offset, key, value)
        elif what == "uncommitted":
            self._say({"event": "commit failed"})
        elif what == "lost":
            self.losses += 1
        else:
            self.held = set(rest.split(",")) - {""}
            self._assigned({int(each.rsplit("-", 1)[1]) for each in self.held})
