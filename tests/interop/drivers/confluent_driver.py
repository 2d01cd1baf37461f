"""Drives confluent-kafka (librdkafka); driver_process.py says how."""

import os
import sys
import threading

import confluent_kafka
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import driver_loop

BOOTSTRAP = {"bootstrap.servers": sys.argv[1]}


def version(_):
    return f"{confluent_kafka.__version__} (librdkafka {confluent_kafka.libversion()[0]})"


def create(command):
    admin = AdminClient(BOOTSTRAP)
    admin.create_topics([NewTopic(command["topic"], command["partitions"])])[command["topic"]].result(10)


def produce(command):
    places = [None] * len(command["records"])

    def delivered(index):
        def report(error, message):
            places[index] = error if error is not None else [message.partition(), message.offset()]
        return report

    producer = Producer({**BOOTSTRAP, "compression.type": command["codec"], "linger.ms": 5,
                         "enable.idempotence": command["idempotence"]})
    for index, (key, value) in enumerate(command["records"]):
        producer.produce(command["topic"], value.encode(), key.encode(), on_delivery=delivered(index))
    producer.flush(20)
    failed = [place for place in places if not isinstance(place, list)]
    if failed:
        raise KafkaException(failed[0])
    return places


class Member:
    """Polls on a thread of its own; hands records on and commits them in small batches, and before partitions go."""

    def join(self, command):
        self._stop = threading.Event()
        self._pending = []
        self._mine = set()
        in_protocol = {"heartbeat.interval.ms": 100, "session.timeout.ms": 6000}
        if os.environ.get("ASSIGNMENT_STRATEGY"):
            in_protocol["partition.assignment.strategy"] = os.environ["ASSIGNMENT_STRATEGY"]
        if os.environ.get("GROUP_PROTOCOL"):
            in_protocol = {"group.protocol": os.environ["GROUP_PROTOCOL"]}  # the brokers say the times
        self._consumer = Consumer({**BOOTSTRAP, "group.id": command["group"], "enable.auto.commit": False,
                                   "auto.offset.reset": "earliest", **in_protocol})
        self._consumer.subscribe([command["topic"]], on_assign=self._on_assign, on_revoke=self._on_revoke)
        self._thread = threading.Thread(target=self._poll)
        self._thread.start()

    def leave(self, _):
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def _on_assign(self, _, partitions):
        self._mine |= {partition.partition for partition in partitions}
        driver_loop.assigned(self._mine)

    def _on_revoke(self, _, partitions):
        self._hand_on()
        self._mine -= {partition.partition for partition in partitions}
        driver_loop.assigned(self._mine)

    def _poll(self):
        while not self._stop.is_set():
            message = self._consumer.poll(0.05)
            if message is not None and message.error():
                raise KafkaException(message.error())
            if message is not None:
                self._pending.append(message)
            if message is None or len(self._pending) >= 100:
                self._hand_on()
        self._hand_on()

    def _hand_on(self):
        if not self._pending:
            return
        driver_loop.received((m.partition(), m.offset(), m.key(), m.value()) for m in self._pending)
        last = {m.partition(): m for m in self._pending}.values()
        self._pending = []
        try:
            self._consumer.commit(offsets=[TopicPartition(m.topic(), m.partition(), m.offset() + 1) for m in last],
                                  asynchronous=False)
        except KafkaException as failure:
            driver_loop.write({"event": "commit failed", "what": str(failure)})


producers = {}  # by transactional id


def transact(command):
    identity = command["id"]
    if identity not in producers:
        producers[identity] = Producer({**BOOTSTRAP, "transactional.id": identity, "linger.ms": 5})
        producers[identity].init_transactions(20)
    producer = producers[identity]
    producer.begin_transaction()
    for partition, value in command["records"]:
        producer.produce(command["topic"], value.encode(), partition=partition)
    if "group" in command:
        member_of_none = Consumer({**BOOTSTRAP, "group.id": command["group"]})
        producer.send_offsets_to_transaction([TopicPartition(command["topic"], 0, command["offset"])],
                                             member_of_none.consumer_group_metadata(), 20)
        member_of_none.close()
    end(command)


def end(command):
    producer = producers[command["id"]]
    if command["end"] == "commit":
        producer.commit_transaction(20)
    elif command["end"] == "abort":
        producer.abort_transaction(20)
    else:
        producer.flush(20)


def read(command):
    consumer = Consumer({**BOOTSTRAP, "group.id": "reads-for-itself", "isolation.level": "read_committed",
                         "enable.partition.eof": True})
    consumer.assign([TopicPartition(command["topic"], partition, 0) for partition in range(command["partitions"])])
    records, ended = [], set()
    while len(ended) < command["partitions"]:
        message = consumer.poll(10)
        if message is None:
            raise TimeoutError("nothing came for 10 s")
        if message.error() is not None and message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
            ended.add(message.partition())
        elif message.error() is not None:
            raise KafkaException(message.error())
        else:
            records.append([message.partition(), message.value().decode()])
    consumer.close()
    return records


def committed(command):
    consumer = Consumer({**BOOTSTRAP, "group.id": command["group"]})
    found = consumer.committed([TopicPartition(command["topic"], 0)], 20)[0].offset
    consumer.close()
    return max(found, -1)


member = Member()
driver_loop.run({"version": version, "create": create, "produce": produce,
                 "join": member.join, "leave": member.leave, "transact": transact, "end": end, "read": read,
                 "committed": committed})
