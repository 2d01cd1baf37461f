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

loop.run({ version: async () => require('kafkajs/package.json').version, create, produce, join, leave })
