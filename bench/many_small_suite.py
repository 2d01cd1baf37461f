"""Small requests to many partitions from many producers, ours against Apache Kafka: the broker's CPU for a record.
Run by run.py as the suite "many_small"."""

import sys

from contenders import contenders
from programs import BUILD, ROOT, build, make_topic, run_json, shown_size
from results import Figures

FOLDER = ROOT / "build/bench/many_small"
TOPIC, PARTITIONS, PRODUCERS = "many", 1_000, 100
RECORDS_PER_S, SIZE = 5_000, 100  # what both brokers keep up with on two processors, beside the producers
FIRST_WARM_UP_S, WARM_UP_S, MEASURED_S = 20, 5, 10
NAME = f"many_small: {PRODUCERS} producers, {PARTITIONS:,} partitions, batches of one record of {shown_size(SIZE)}"


def run(runs):
    build("millrace", "many_small_load")
    with contenders("many_small", FOLDER) as both:
        return measure(both, runs)


def measure(both, runs):
    figures = Figures()
    for contender in both:
        contender.start()
        make_topic(contender.address, TOPIC, PARTITIONS)
        load(contender, FIRST_WARM_UP_S)
    for index in range(runs):
        print(f"many_small: run {index + 1}", file=sys.stderr)
        for contender in both if index % 2 == 0 else both[::-1]:
            said = load(contender, WARM_UP_S)
            figures.add(contender.whose, f"{NAME}, CPU", "µs/record", said["broker_cpu_us_per_record"], best="lower")
            figures.add(contender.whose, f"{NAME}, records a request", "", said["records_per_request"], best="lower")
    return figures.rows()


def load(contender, warm_up_s):
    return run_json([BUILD / "bench/many_small_load", contender.address, TOPIC, PRODUCERS, RECORDS_PER_S, SIZE,
                     warm_up_s, MEASURED_S, contender.pid])
