import { randomUUID } from 'node:crypto'
import type { ConsumerOptions, IncomingMessage, MessageConsumer, Messaging } from '@mixdesk/messaging'

/** What the suite needs of an adapter. */
export type MessagingHarness = {
  /** A started client; several see the same broker. */
  open(): Promise<Messaging>
  /** The shortest session that the broker allows. */
  readonly sessionTimeoutMs: number
  close(): Promise<void>
}

export type Bench = { readonly harness: MessagingHarness; readonly client: Messaging }

/** Resolves when the condition holds; fails with `what` when it does not in time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  ms = 20_000,
): Promise<void> {
  const deadline = Date.now() + ms
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

export async function newTopic(client: Messaging, partitions = 3): Promise<string> {
  const topic = `test-${randomUUID()}`
  await client.ensureTopics([{ topic, partitions, compacted: false }])
  return topic
}

export const message = (key: string, value: string | Uint8Array | null, partition?: number) => ({
  key,
  value,
  headers: {},
  ...(partition === undefined ? {} : { partition }),
})

export const texts = (messages: readonly IncomingMessage[]): string[] =>
  messages.map(({ value }) => String(value))

/** A consumer that notes what it is given. Its session is the shortest, so that a test sees one end. */
export async function consume(
  { client, harness }: Bench,
  options: Partial<ConsumerOptions> & Pick<ConsumerOptions, 'topics'>,
): Promise<{ consumer: MessageConsumer; seen: IncomingMessage[]; group: string }> {
  const seen: IncomingMessage[] = []
  const group = options.group ?? `group-${randomUUID()}`
  const consumer = client.consumer({
    from: 'beginning',
    sessionTimeoutMs: harness.sessionTimeoutMs,
    ...options,
    group,
    onBatch: async (batch) => {
      await options.onBatch?.(batch)
      seen.push(...batch.messages)
    },
  })
  await consumer.start()
  return { consumer, seen, group }
}

export const retriable = (text: string): Error => Object.assign(new Error(text), { retriable: true })

export async function committedAt(
  client: Messaging,
  group: string,
  topic: string,
  partition = 0,
): Promise<string> {
  return (await client.committed(group, topic)).find((one) => one.partition === partition)?.offset ?? '-1'
}
