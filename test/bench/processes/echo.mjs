// What a server would be that did nothing: plain kafkajs consumes a question and produces the answer.
import { serve } from '../support/child.mjs'
import { fetchSettings, joined, plainKafka, plainProducer } from '../support/kafka.mjs'

serve(async ({ brokers, questions, answers, answerBytes }) => {
  const kafka = plainKafka(brokers, 'bench-echo')
  const producer = plainProducer(kafka)
  const consumer = kafka.consumer({ groupId: `bench-echo-${process.pid}`, ...fetchSettings })
  await Promise.all([producer.connect(), consumer.connect()])
  await consumer.subscribe({ topics: [questions], fromBeginning: true })
  const value = Buffer.alloc(answerBytes, 'x')
  await joined(consumer, () =>
    consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const { key, headers } of batch.messages) {
          if (headers.last === undefined) continue
          await producer.send({
            topic: answers,
            acks: -1,
            messages: [{ key, headers: { id: headers.ce_id }, value }],
          })
        }
      },
    }),
  )
  return {
    handle: () => true,
    stop: () => Promise.all([consumer.disconnect(), producer.disconnect()]),
  }
})
