"""What every peer goes through: create, produce with each codec, consume in a group of two with a rebalance
in the middle, commit, resume; and the check that every record came once and in order per key."""

import os
import queue
import time

# A name of this run's own, for clusters that outlive it.
TOPIC = f"interop-records-{os.getpid()}"
GROUP = f"interop-group-{os.getpid()}"
PARTITIONS = 4
KEYS = [f"key-{number}" for number in range(16)]
WAIT_S = 30


class GroupScenario:
    """A producer, two members and a third that resumes.

    start    name -> Driver
    batches  topic -> what stored_batches() gives, or None when the log cannot be looked into
    name     of topic and group, when a cluster sees the scenario more than once
    """

    def __init__(self, start, events, codecs, batches, name=None):
        self._start = start
        self._events = events
        self._codecs = codecs
        self._batches = batches
        self._topic = name or TOPIC
        self._group = name or GROUP
        self._sent = {}  # value -> key
        self._places = {}  # value -> (partition, offset), as far as the producer says
        self._batches_seen = set()
        self._sent_values = {key: [] for key in KEYS}  # in the order they were sent
        self._received = []  # (member, partition, offset, key, value), in order of arrival
        self._values = set()  # of what was received
        self._assigned = {}  # member -> set of partitions
        self._drivers = []

    def run(self):
        """Returns the features that were proved."""
        try:
            return self._run()
        except BaseException:
            print(self._state(), flush=True)
            for driver in self._drivers:
                driver.kill()
            raise

    def _run(self):
        producer = self._member("producer")
        version = producer.ask("version")
        producer.ask("create", topic=self._topic, partitions=PARTITIONS)
        for codec in self._codecs:
            self._produce(producer, codec, "before", idempotence=True)
        self._produce(producer, "none", "plain", idempotence=False)

        first = self._join("first")
        self._wait(lambda: self._assigned["first"] == set(range(PARTITIONS)), "the first member has all partitions")
        self._wait_for_all("what was there before the group")

        # Records go on arriving while the second member joins.
        second = self._member("second")
        second.tell("join", topic=self._topic, group=self._group)
        self._produce(producer, "none", "during", idempotence=True)
        second.answer()
        self._wait(self._is_shared, "both members have some partitions")
        self._wait_for_all("what came during the rebalance")
        self._produce(producer, "none", "shared", idempotence=True)
        self._wait_for_all("what came for two members")

        second.ask("leave")
        second.close()
        del self._assigned["second"]
        self._produce(producer, "none", "left", idempotence=True)
        self._wait(lambda: self._assigned["first"] == set(range(PARTITIONS)), "the first member has all again")
        self._wait_for_all("what came after one left")
        first.ask("leave")
        first.close()
        del self._assigned["first"]

        self._produce(producer, "none", "resumed", idempotence=True)
        resumed = self._join("resumed")
        self._wait_for_all("what came while nobody was there")
        resumed.ask("leave")
        resumed.close()
        producer.close()
        self._check()
        return {"version": version, "codecs": list(self._codecs),
                "features": ["create topic", "produce", "idempotent produce", "group of two", "rebalance", "commit", "resume"]}

    def _member(self, name):
        driver = self._start(name)
        self._drivers.append(driver)
        self._assigned[name] = set()
        return driver

    def _join(self, name):
        driver = self._member(name)
        driver.ask("join", topic=self._topic, group=self._group)
        return driver

    def _produce(self, producer, codec, phase, idempotence):
        records = [[KEYS[number % len(KEYS)], f"{phase} {codec} {number} " + "x" * 200] for number in range(160)]
        places = producer.ask("produce", topic=self._topic, codec=codec, idempotence=idempotence, records=records)
        for key, value in records:
            self._sent[value] = key
            self._sent_values[key].append(value)
        if places is not None:
            assert len(places) == len(records), f"{len(records)} records sent, {len(places)} acknowledged"
            self._places.update((value, tuple(place)) for (_, value), place in zip(records, places))
        self._check_batches(codec, idempotence)

    def _check_batches(self, codec, idempotence):
        """The log holds what was asked for: a client may fall back to another codec without a word."""
        stored = set(self._batches(self._topic) or ())
        for batch in stored - self._batches_seen:
            assert batch.codec == codec, f"{codec} was asked for, {batch} was stored"
            assert batch.is_idempotent == idempotence, f"idempotence={idempotence} was asked for, {batch} was stored"
        self._batches_seen = stored

    def _is_shared(self):
        one, other = self._assigned["first"], self._assigned["second"]
        return one and other and not one & other and len(one | other) == PARTITIONS

    def _wait_for_all(self, what):
        self._wait(lambda: len(self._values) >= len(self._sent), what)

    def _wait(self, condition, what):
        deadline = time.monotonic() + WAIT_S
        while not condition():
            try:
                name, message = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"did not happen in {WAIT_S} s: {what}") from None
            if message["event"] == "assigned":
                self._assigned[name] = set(message["partitions"])
            elif message["event"] == "records":
                self._received += [(name, *record) for record in message["records"]]
                self._values.update(value for *_, value in message["records"])
            else:
                raise AssertionError(f"{name} says {message}")

    def _check(self):
        """Every record once, where it was acknowledged and with what was sent, and in order per key."""
        assert len(set(self._places.values())) == len(self._places), "two records were acknowledged at one place"
        seen = set()
        values = {key: [] for key in KEYS}
        for member, partition, offset, key, value in self._received:
            what = f"{value[:40]!r} at {partition}@{offset}"
            assert (partition, offset) not in seen, f"{member} got {what} a second time"
            seen.add((partition, offset))
            assert self._sent.get(value) == key, f"{member} got {what} with key {key}, which nobody sent"
            assert self._places.get(value, (partition, offset)) == (partition, offset), \
                f"{member} got {what}, acknowledged at {self._places[value]}"
            values[key].append(value)
        for key in KEYS:
            assert values[key] == self._sent_values[key], \
                f"{key}: {len(values[key])} came and {len(self._sent_values[key])} were sent, or in another order"

    def _state(self):
        counts = {}
        for member, *_ in self._received:
            counts[member] = counts.get(member, 0) + 1
        missing = [value[:40] for value in self._sent.keys() - self._values]
        return (f"--- sent {len(self._sent)}, received {counts}, assigned {self._assigned}, "
                f"missing {len(missing)} {sorted(missing)[:5]}")
