// Drives kafkajs; driver_process.py says how.
'use strict'

const zlib = require('node:zlib')
const { CompressionCodecs, CompressionTypes, Kafka, Partitioners, logLevel } = require('kafkajs')
const { lz4Compress, lz4Decompress, snappyCompress, snappyDecompress } = require('@platformatic/wasm-utils')
const loop = require('./driver_loop.js')

// kafkajs brings gzip; the others are given to it.
const codec = (compress, decompress) => () => ({
  compress: async encoder => Buffer.from(compress(encoder.buffer)),
  decompress: async buffer => Buffer.from(decompress(buffer))
})
CompressionCodecs[CompressionTypes.Snappy] = codec(snappyCompress, snappyDecompress)
CompressionCodecs[CompressionTypes.LZ4] = codec(lz4Compress, lz4Decompress)
CompressionCodecs[CompressionTypes.ZSTD] = codec(zlib.zstdCompressSync, zlib.zstdDecompressSync)
const types = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD
}

const kafka = new Kafka({ brokers: process.argv[2].split(','), clientId: 'interop', logLevel: logLevel.ERROR })

async function create({ topic, partitions }) {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor: 1 }], waitForLeaders: true })
  await admin.disconnect()
}

async function produce({ topic, codec: name, idempotence, records }) {
  const chosen = []
  const createPartitioner = () => {
    const choose = Partitioners.DefaultPartitioner()
    return message => {
      chosen.push(choose(message))
      return chosen.at(-1)
    }
  }
  const producer = kafka.producer({ idempotent: idempotence, maxInFlightRequests: 1, createPartitioner })
  await producer.connect()
  const answers = await producer.send({
    topic,
    acks: -1,
    compression: types[name],
    messages: records.map(([key, value]) => ({ key, value }))
  })
  await producer.disconnect()
  const next = new Map(answers.map(({ partition, baseOffset }) => [partition, Number(baseOffset)]))
  return chosen.map(partition => {
    const offset = next.get(partition)
    next.set(partition, offset + 1)
    return [partition, offset]
  })
}

let consumer

async function join({ topic, group }) {
  consumer = kafka.consumer({ groupId: group, heartbeatInterval: 200, sessionTimeout: 6000, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => loop.assigned(payload.memberAssignment[topic] ?? []))
  consumer.on(consumer.events.REBALANCING, () => loop.assigned([]))
  consumer.on(consumer.events.CRASH, ({ payload }) => loop.failed(payload.error))
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch, resolveOffset, isStale, isRunning }) => {
      if (!isRunning() || isStale()) return
      loop.received(batch.messages.map(({ offset, key, value }) =>
        [batch.partition, Number(offset), key.toString(), value.toString()]))
      resolveOffset(batch.lastOffset())
      await consumer.commitOffsets([{ topic, partition: batch.partition, offset: String(BigInt(batch.lastOffset()) + 1n) }])
    }
  })
}

async function leave() {
  await consumer.disconnect()
}

const producers = new Map() // by transactional id, with the transaction that is open

async function transact({ topic, id, records, end: how, group, offset }) {
  if (!producers.has(id)) {
    const producer = kafka.producer({ transactionalId: id, idempotent: true, maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    producers.set(id, { producer })
  }
  const one = producers.get(id)
  one.open = await one.producer.transaction()
  await one.open.send({ topic, messages: records.map(([partition, value]) => ({ partition, value })) })
  if (group !== undefined) {
    await one.open.sendOffsets({ consumerGroupId: group,
      topics: [{ topic, partitions: [{ partition: 0, offset: String(offset) }] }] })
  }
  await end({ id, end: how })
}

async function end({ id, end: how }) {
  const { open } = producers.get(id)
  if (how === 'commit') await open.commit()
  if (how === 'abort') await open.abort()
}

// kafkajs has no reader without a group.
async function read({ topic, partitions }) {
  const reader = kafka.consumer({ groupId: `reads-for-itself-${process.pid}-${Date.now()}`, readUncommitted: false,
    maxWaitTimeInMs: 100 })
  await reader.connect()
  await reader.subscribe({ topic, fromBeginning: true })
  const records = []
  let last = Date.now()
  await reader.run({ autoCommit: false, eachMessage: async ({ partition, message }) => {
    records.push([partition, message.value.toString()])
    last = Date.now()
  } })
  await new Promise(resolve => {
    const timer = setInterval(() => {
      if (Date.now() - last < 2500) return
      clearInterval(timer)
      resolve()
    }, 100)
  })
  await reader.disconnect()
  return records
}

async function committed({ topic, group }) {
  const admin = kafka.admin()
  await admin.connect()
  const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
  await admin.disconnect()
  return Number(found.partitions.find(({ partition }) => partition === 0)?.offset ?? -1)
}

loop.run({ version: async () => require('kafkajs/package.json').version, create, produce, join, leave,
  transact, end, read, committed })
