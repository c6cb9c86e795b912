// Plain kafkajs reads messages from given offsets on and parses each value: {from: [[partition, offset]…], count}.
import { topics } from '@mixdesk/contracts'
import { serve } from '../support/child.mjs'
import { fetchSettings, plainKafka } from '../support/kafka.mjs'

serve(async ({ brokers }) => {
  const kafka = plainKafka(brokers, 'bench-bare')
  const admin = kafka.admin()
  await admin.connect()
  let serial = 0

  async function consume({ from, count }) {
    const groupId = `bench-bare-${process.pid}-${serial++}`
    const partitions = from.map(([partition, offset]) => ({ partition, offset }))
    await admin.setOffsets({ groupId, topic: topics.trainerEvents, partitions })
    const consumer = kafka.consumer({ groupId, ...fetchSettings })
    await consumer.connect()
    await consumer.subscribe({ topics: [topics.trainerEvents] })
    let began = 0
    let cpu
    consumer.on(consumer.events.GROUP_JOIN, () => {
      began = performance.now()
      cpu = process.cpuUsage()
    })
    let seen = 0
    let numbers = 0
    const all = new Promise((resolve) => {
      void consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: 4,
        eachBatch: async ({ batch }) => {
          for (const { value } of batch.messages) {
            numbers += JSON.parse(value.toString()).tokens?.length ?? 0
            seen++
          }
          if (seen >= count) resolve()
        },
      })
    })
    await all
    const seconds = (performance.now() - began) / 1000
    const { user, system } = process.cpuUsage(cpu)
    await consumer.disconnect()
    return { seen, numbers, seconds, cpuSeconds: (user + system) / 1e6 }
  }
  return { handle: consume, stop: () => admin.disconnect() }
})
