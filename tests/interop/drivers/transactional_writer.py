"""Writes interleaved transactions of several producers, some committed and some aborted, into partition 0 of a topic,
then reads what is committed: transactional_writer.py ADDRESS TOPIC SEED. Prints JSON: what was committed, in any order,
and what a reader of committed records (librdkafka) sees, as [offset, value]."""

import json
import random
import sys

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

PRODUCERS = 3
STEPS = 60
TIMEOUT_S = 30

address, topic, seed = sys.argv[1:]
chance = random.Random(int(seed))
admin = AdminClient({"bootstrap.servers": address})
admin.create_topics([NewTopic(topic, 1)])[topic].result(TIMEOUT_S)


class Writer:
    def __init__(self, number):
        self.number = number
        self.producer = Producer({"bootstrap.servers": address, "transactional.id": f"{topic}-{number}", "linger.ms": 0})
        self.producer.init_transactions(TIMEOUT_S)
        self.open = None
        self.count = 0

    def step(self):
        if self.open is not None and chance.random() < 0.4:
            return self.end()
        if self.open is None:
            self.producer.begin_transaction()
            self.open = []
        for _ in range(chance.randint(1, 3)):
            value = f"{self.number}:{self.count}"
            self.count += 1
            self.producer.produce(topic, value.encode(), partition=0)
            self.open.append(value)
        self.producer.flush(TIMEOUT_S)
        return []

    def end(self):
        values, self.open = self.open or [], None
        if chance.random() < 0.5:
            self.producer.commit_transaction(TIMEOUT_S)
            return values
        self.producer.abort_transaction(TIMEOUT_S)
        return []


writers = [Writer(number) for number in range(PRODUCERS)]
committed = []
for _ in range(STEPS):
    committed += chance.choice(writers).step()
for writer in writers:
    if writer.open is not None:
        committed += writer.end()

reader = Consumer({"bootstrap.servers": address, "group.id": "unused", "isolation.level": "read_committed",
                   "auto.offset.reset": "earliest", "enable.auto.commit": False})
place = TopicPartition(topic, 0, 0)
end = reader.get_watermark_offsets(place, TIMEOUT_S)[1]
reader.assign([place])
seen = []
while len(seen) < len(committed):
    message = reader.poll(TIMEOUT_S)
    assert message is not None and message.error() is None, f"read {len(seen)} of {len(committed)}"
    seen.append([message.offset(), message.value().decode()])
reader.close()
print(json.dumps({"committed": committed, "seen": seen, "end": end}))
