"""A network of this process's own in which each node has a network namespace and a cable of its own, so that one can be
cut off from all others: what is sent to it vanishes, nobody hears that it is gone.

    unshare_network()                   first, as it runs the program again from its start
    network = DividedNetwork(3)
    network.addresses                   of the nodes; what is not within a node is on the switch between them
    network.within(1) + ["program"]     runs in the namespace of a node
    network.cut(1); network.mend(1)

It ends with the process: no interface or namespace is ever left behind. Wants Linux, and root or user namespaces.
"""

import os
import subprocess
import sys

INSIDE = "MILLRACE_IN_NETWORK_OF_ITS_OWN"
SUBNET = "10.203.17"  # in a network of our own, so that it is free


def unshare_network():
    """Why there cannot be such a network; otherwise the program runs in it, and None is the answer."""
    if INSIDE in os.environ:
        return None
    command = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    try:
        tried = subprocess.run([*command, "ip", "link", "add", "type", "bridge"], capture_output=True, text=True,
                               check=False)
    except FileNotFoundError as missing:
        return f"there is no {missing.filename}"
    if tried.returncode != 0:
        return f"{' '.join(command)} and a bridge: {tried.stderr.strip()}"
    os.environ[INSIDE] = "1"
    os.execvp(command[0], [*command, sys.executable, *sys.argv])
    raise AssertionError("execvp came back")


class DividedNetwork:
    def __init__(self, nodes):
        self.addresses = [f"{SUBNET}.{10 + node}" for node in range(nodes)]
        ip("link", "set", "lo", "up")
        ip("link", "add", "switch", "type", "bridge")
        ip("address", "add", f"{SUBNET}.1/24", "dev", "switch")
        ip("link", "set", "switch", "up")
        self._holders = [self._plug_in(node) for node in range(nodes)]

    def close(self):
        """A namespace goes with the last process in it."""
        for holder in self._holders:
            holder.communicate()

    def within(self, node):
        return ["nsenter", "--target", str(self._holders[node].pid), "--net"]

    def cut(self, node):
        ip("link", "set", f"node{node}", "down")

    def mend(self, node):
        ip("link", "set", f"node{node}", "up")

    def _plug_in(self, node):
        # `cat` ends with us, as the other end of its input closes. Its first line says that it is in its namespace.
        holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo ready; exec cat"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        assert holder.stdout.readline() == "ready\n"
        ip("link", "add", f"node{node}", "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
        ip("link", "set", f"node{node}", "master", "switch", "up")
        for configure in (["link", "set", "lo", "up"], ["link", "set", "eth0", "up"],
                          ["address", "add", f"{self.addresses[node]}/24", "dev", "eth0"]):
            subprocess.run(["nsenter", "--target", str(holder.pid), "--net", "ip", *configure], check=True)
        return holder


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)
