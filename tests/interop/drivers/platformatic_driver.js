// Drives @platformatic/kafka; driver_process.py says how.
'use strict'

const { readFileSync } = require('node:fs')
const { join: joinPath, dirname } = require('node:path')
const { Admin, Consumer, FetchIsolationLevels, Producer, stringDeserializers, stringSerializers } = require('@platformatic/kafka')
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
  follow(stream).catch(loop.failed)
}

async function follow(messages) {
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

const transactional = new Map() // by transactional id: its producer, with the transaction that is open

async function transact({ topic, id, records, end: how }) {
  if (!transactional.has(id)) {
    const producer = new Producer({ ...base, serializers: stringSerializers, idempotent: true, transactionalId: id })
    transactional.set(id, { producer })
  }
  const one = transactional.get(id)
  // Unless told otherwise it asks for an epoch of producer 0, and is refused where the id has another producer's.
  one.open = await one.producer.beginTransaction({ producerId: -1n, producerEpoch: -1 })
  await one.open.send({ messages: records.map(([partition, value]) => ({ topic, partition, value })), acks: -1 })
  await end({ id, end: how })
}

async function end({ id, end: how }) {
  const { open } = transactional.get(id)
  if (how === 'commit') await open.commit()
  if (how === 'abort') await open.abort()
}

// It has no reader without a group.
async function read({ topic }) {
  const reader = new Consumer({
    ...base,
    groupId: `reads-for-itself-${process.pid}-${Date.now()}`,
    deserializers: stringDeserializers,
    maxWaitTime: 100,
    isolationLevel: FetchIsolationLevels.READ_COMMITTED
  })
  const messages = await reader.consume({ topics: [topic], mode: 'earliest' })
  const records = []
  let last = Date.now()
  messages.on('data', ({ partition, value }) => {
    records.push([partition, value])
    last = Date.now()
  })
  await new Promise((resolve, reject) => {
    messages.on('error', reject)
    const timer = setInterval(() => {
      if (Date.now() - last < 2500) return
      clearInterval(timer)
      resolve()
    }, 100)
  })
  await messages.close()
  await reader.close()
  return records
}

loop.run({ version, create, produce, join, leave, transact, end, read })
