"""Drives aiokafka; driver_process.py says how."""

import asyncio
import importlib.metadata
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener
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


member = Member()
asyncio.run(driver_loop.run_async({"version": version, "create": create, "produce": produce,
                                   "join": member.join, "leave": member.leave}))
