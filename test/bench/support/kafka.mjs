// Plain kafkajs with the settings that the server uses: what the whole is measured against.
import kafkajs from 'kafkajs'

export const fetchSettings = {
  minBytes: 1,
  maxWaitTimeInMs: 250,
  maxBytesPerPartition: 1_048_576,
  maxBytes: 8_388_608,
}

export const plainKafka = (brokers, clientId) =>
  new kafkajs.Kafka({
    brokers,
    clientId,
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 20, maxRetryTime: 1000 },
  })

export const plainProducer = (kafka) =>
  kafka.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  })

/** Resolves when the consumer is a member that fetches. */
export async function joined(consumer, run) {
  const joining = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
  await run()
  await joining
}
