"""Drives aiokafka; driver_process.py says how."""

import asyncio
import importlib.metadata
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

import driver_loop

BOOTSTRAP = sys.argv[1]


async def version(_):
    return importlib.metadata.version("aiokafka")


async def create(command):
    admin = AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(command["topic"], command["partitions"], 1)])
        error = answer.topic_errors[0][1]
        if error != 0:
            raise RuntimeError(f"CreateTopics answered error {error}")
    finally:
        await admin.close()


async def produce(command):
    codec = None if command["codec"] == "none" else command["codec"]
    producer = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, compression_type=codec, linger_ms=5,
                                enable_idempotence=command["idempotence"])
    await producer.start()
    try:
        sent = [await producer.send(command["topic"], value.encode(), key.encode())
                for key, value in command["records"]]
        return [[place.partition, place.offset] for place in await asyncio.gather(*sent)]
    finally:
        await producer.stop()


class Member(ConsumerRebalanceListener):
    """Hands records on and commits them before the next poll and before partitions go."""

    async def join(self, command):
        self._busy = asyncio.Lock()
        self._consumer = AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=command["group"],
                                          enable_auto_commit=False, auto_offset_reset="earliest",
                                          heartbeat_interval_ms=100, session_timeout_ms=6000)
        self._consumer.subscribe([command["topic"]], listener=self)
        await self._consumer.start()
        self._polling = asyncio.create_task(self._poll())

    async def leave(self, _):
        self._polling.cancel()
        await asyncio.gather(self._polling, return_exceptions=True)
        await self._consumer.stop()

    async def on_partitions_revoked(self, revoked):
        async with self._busy:
            pass

    async def on_partitions_assigned(self, partitions):
        driver_loop.assigned(partition.partition for partition in partitions)

    async def _poll(self):
        while True:
            batches = await self._consumer.getmany(timeout_ms=100)
            async with self._busy:
                records = [(record.partition, record.offset, record.key, record.value)
                           for batch in batches.values() for record in batch]
                if not records:
                    continue
                driver_loop.received(records)
                await asyncio.shield(self._consumer.commit())


producers = {}  # by transactional id


async def transact(command):
    identity = command["id"]
    if identity not in producers:
        producers[identity] = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, transactional_id=identity)
        await producers[identity].start()
    producer = producers[identity]
    await producer.begin_transaction()
    for partition, value in command["records"]:
        await producer.send(command["topic"], value.encode(), partition=partition)
    if "group" in command:
        await producer.send_offsets_to_transaction({TopicPartition(command["topic"], 0): command["offset"]},
                                                   command["group"])
    await end(command)


async def end(command):
    producer = producers[command["id"]]
    if command["end"] == "commit":
        await producer.commit_transaction()
    elif command["end"] == "abort":
        await producer.abort_transaction()
    else:
        await producer.flush()


async def read(command):
    consumer = AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP, isolation_level="read_committed")
    await consumer.start()
    partitions = [TopicPartition(command["topic"], partition) for partition in range(command["partitions"])]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    records, silent = [], 0
    while silent < 3:
        batches = await consumer.getmany(timeout_ms=300)
        silent = 0 if batches else silent + 1
        records += [[record.partition, record.value.decode()] for batch in batches.values() for record in batch]
    await consumer.stop()
    return records


async def committed(command):
    admin = AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    await admin.start()
    try:
        partition = TopicPartition(command["topic"], 0)
        offsets = await admin.list_consumer_group_offsets(command["group"], partitions=[partition])
        return offsets[partition].offset
    finally:
        await admin.close()


member = Member()
asyncio.run(driver_loop.run_async({"version": version, "create": create, "produce": produce,
                                   "join": member.join, "leave": member.leave, "transact": transact, "end": end,
                                   "read": read, "committed": committed}))
