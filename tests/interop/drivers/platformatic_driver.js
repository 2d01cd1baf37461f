// Drives @platformatic/kafka; driver_process.py says how.
'use strict'

const { readFileSync } = require('node:fs')
const { join: joinPath, dirname } = require('node:path')
const { Admin, Consumer, Producer, stringDeserializers, stringSerializers } = require('@platformatic/kafka')
const loop = require('./driver_loop.js')

const base = { clientId: 'interop', bootstrapBrokers: process.argv[2].split(',') }

async function version() {
  const folder = dirname(dirname(require.resolve('@platformatic/kafka')))
  return JSON.parse(readFileSync(joinPath(folder, 'package.json'))).version
}

async function create({ topic, partitions }) {
  const admin = new Admin(base)
  await admin.createTopics({ topics: [topic], partitions, replicas: -1 })
  await admin.close()
}

async function produce({ topic, codec, idempotence, records }) {
  const producer = new Producer({ ...base, serializers: stringSerializers, idempotent: idempotence })
  await producer.send({
    messages: records.map(([key, value]) => ({ topic, key, value })),
    compression: codec,
    acks: -1
  })
  await producer.close()
  // It gives one offset for each partition and no way from a record to its partition.
  return null
}

let consumer, stream
let assigned = [] // none while the member joins again
const positions = new Map() // partition -> the offset that comes next, while it is ours

function assign(partitions) {
  assigned = partitions
  for (const partition of positions.keys()) if (!assigned.includes(partition)) positions.delete(partition)
  loop.assigned(assigned)
}

async function join({ topic, group }) {
  consumer = new Consumer({
    ...base,
    groupId: group,
    deserializers: stringDeserializers,
    heartbeatInterval: 200,
    sessionTimeout: 6000,
    maxWaitTime: 100,
    autocommit: false
  })
  consumer.on('consumer:group:join', () =>
    assign(consumer.assignments?.find(assignment => assignment.topic === topic)?.partitions ?? []))
  consumer.on('consumer:group:rebalance', () => assign([]))
  stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' })
  stream.on('error', loop.failed)
  read(stream).catch(loop.failed)
}

async function read(messages) {
  for await (const { partition, offset, key, value, commit } of messages) {
    // The stream may still hold what was fetched before a rebalance, and fetches again from the last commit.
    if (!assigned.includes(partition) || offset < (positions.get(partition) ?? 0n)) continue
    positions.set(partition, offset + 1n)
    loop.received([[partition, Number(offset), key, value]])
    await commit()
  }
}

async function leave() {
  await stream.close()
  await consumer.close()
}

loop.run({ version, create, produce, join, leave })
