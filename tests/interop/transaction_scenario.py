"""What every peer that has transactions goes through: commit, abort, offsets that go with a transaction, a producer
that is fenced by the next one; and the check that readers of committed records see exactly what was committed."""

import dataclasses
import os

TOPIC = f"interop-transactions-{os.getpid()}"
GROUP = f"interop-transactions-group-{os.getpid()}"
FENCING_TOPIC = f"{TOPIC}-fencing"
PARTITIONS = 2


@dataclasses.dataclass
class Abilities:
    """What a library can do with transactions beyond making them."""
    commits_offsets: bool = True  # of a group that it is no member of
    leaves_out_many: bool = True  # of the aborted transactions of one producer in one answer; otherwise just one


class TransactionScenario:
    """One program with a producer, and a second one that takes its transactional id.

    start   name -> Driver
    """

    def __init__(self, start, abilities):
        self._start = start
        self._abilities = abilities
        self._committed = {TOPIC: [], FENCING_TOPIC: []}
        self._drivers = []

    def run(self):
        """Returns the features that were proved."""
        try:
            return self._run()
        except BaseException:
            for driver in self._drivers:
                driver.kill()
            raise

    def _run(self):
        first = self._driver("first")
        for topic in self._committed:
            first.ask("create", topic=topic, partitions=PARTITIONS)
        many = self._abilities.leaves_out_many
        for number in range(6 if many else 3):
            self._transact(first, TOPIC, f"t{number}", "commit" if number % 2 == 0 else "abort")
        self._check(first, TOPIC)
        features = ["transactions", "read committed" + ("" if many else " (one abort in an answer)")]
        if self._abilities.commits_offsets:
            self._check_offsets(first)
            features.append("offsets in a transaction")

        self._transact(first, FENCING_TOPIC, "open", "none")
        second = self._driver("second")
        self._transact(second, FENCING_TOPIC, "fencing", "commit")
        self._expect_fenced(first)
        self._check(second, FENCING_TOPIC)
        features.append("fencing")
        for driver in self._drivers:
            driver.close()
        return features

    def _driver(self, name):
        driver = self._start(name)
        self._drivers.append(driver)
        return driver

    def _transact(self, driver, topic, name, end, **offsets):
        records = [[number % PARTITIONS, f"{name}-{number}"] for number in range(10)]
        driver.ask("transact", topic=topic, id=TOPIC, records=records, end=end, **offsets)
        if end == "commit":
            self._committed[topic] += records

    def _check(self, driver, topic):
        seen = {partition: [] for partition in range(PARTITIONS)}
        for partition, value in driver.ask("read", topic=topic, partitions=PARTITIONS):
            seen[partition].append(value)
        for partition in range(PARTITIONS):
            wanted = [value for where, value in self._committed[topic] if where == partition]
            assert seen[partition] == wanted, f"partition {partition}: committed {wanted}, read {seen[partition]}"

    def _check_offsets(self, driver):
        for end, offset, wanted in [("commit", 7, 7), ("abort", 9, 7), ("commit", 11, 11)]:
            self._transact(driver, TOPIC, f"offsets-{offset}", end, group=GROUP, offset=offset)
            found = driver.ask("committed", topic=TOPIC, group=GROUP)
            assert found == wanted, f"{end} of offset {offset}: wanted {wanted} committed, found {found}"
        self._check(driver, TOPIC)

    @staticmethod
    def _expect_fenced(driver):
        try:
            driver.ask("end", id=TOPIC, end="commit")
        except AssertionError as refused:
            print(f"the one before is fenced: {str(refused).splitlines()[0][:200]}")
        else:
            raise AssertionError("a producer committed after the next one of its transactional id had begun")
