import { randomUUID } from 'node:crypto'
import type { ConsumerOptions, IncomingMessage, MessageConsumer, Messaging } from '@mixdesk/messaging'

/** What the suite needs of an adapter. */
export type MessagingHarness = {
  /** A started client; several see the same broker. */
  open(): Promise<Messaging>
  /** A session that a test can sit through, and yet longer than a busy machine stands still. */
  readonly shortSessionMs: number
  close(): Promise<void>
}

export type Bench = { readonly harness: MessagingHarness; readonly client: Messaging }

/** Resolves when the condition holds; fails with `what` when it does not in time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  ms = 90_000,
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

/**
 * A consumer that notes what it is given. Its session is long: a member that is taken for dead because the machine stood
 * still comes back as a stranger, and is told everything again.
 */
export async function consume(
  { client }: Bench,
  options: Partial<ConsumerOptions> & Pick<ConsumerOptions, 'topics'>,
): Promise<{ consumer: MessageConsumer; seen: IncomingMessage[]; group: string }> {
  const seen: IncomingMessage[] = []
  const group = options.group ?? `group-${randomUUID()}`
  const consumer = client.consumer({
    from: 'beginning',
    sessionTimeoutMs: 60_000,
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
