// The frame of the drivers written in JavaScript; driver_process.py says what they are told and answer.
'use strict'

const readline = require('node:readline')

function write(message) {
  process.stdout.write(JSON.stringify(message) + '\n')
}

exports.assigned = partitions =>
  write({ event: 'assigned', partitions: [...partitions].sort((one, other) => one - other) })

// records: [partition, offset, key, value]
exports.received = records => write({ event: 'records', records })

exports.failed = error => write({ event: 'failed', what: String(error?.stack ?? error) })

// handlers: command name -> async function(command) that returns the answer
exports.run = async handlers => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const command = JSON.parse(line)
    try {
      write({ done: (await handlers[command.do](command)) ?? null })
    } catch (error) {
      write({ error: String(error?.stack ?? error) })
    }
  }
  process.exit(0)
}
