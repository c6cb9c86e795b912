import { setTimeout as delay } from 'node:timers/promises'
import kafkajs, { type Admin } from 'kafkajs'
import type { TopicSpec } from '../messaging.js'

/** What a topic gets where its specification says nothing else. */
function settingsOf({ compacted, settings }: TopicSpec): { readonly [name: string]: string } {
  return {
    // 1 MiB a message by contract; a batch of several, and its headers, needs room above that.
    'max.message.bytes': String(2 * 1_048_576),
    ...(compacted
      ? {
          'cleanup.policy': 'compact',
          // A newly started trainer reads the topic from its beginning: keep that short, but leave an hour to look back.
          'max.compaction.lag.ms': String(3_600_000),
          'min.cleanable.dirty.ratio': '0.1',
          'delete.retention.ms': String(24 * 3_600_000),
        }
      : // The log is the truth: it is kept until someone decides otherwise.
        { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' }),
    ...settings,
  }
}

/** About fifteen seconds of looking for leaders: a broker that has just started takes a while. */
const mostLooks = 30

/** Creates what is missing and compares what is there. Two processes may do so at once: the second finds it made. */
export async function ensureTopics(
  admin: Admin,
  specs: readonly TopicSpec[],
): Promise<{ readonly created: readonly string[]; readonly differences: readonly string[] }> {
  const existing = new Set(await admin.listTopics())
  const created: string[] = []
  for (const spec of specs) {
    if (existing.has(spec.topic)) continue
    const made = await admin.createTopics({
      // kafkajs gives up waiting when a broker has not heard of the topic yet; `whenLed` does not.
      waitForLeaders: false,
      // Of the controller; five seconds by default, which a busy machine may well take.
      timeout: 30_000,
      topics: [
        {
          topic: spec.topic,
          numPartitions: spec.partitions,
          replicationFactor: spec.replicationFactor ?? -1,
          configEntries: Object.entries(settingsOf(spec)).map(([name, value]) => ({ name, value })),
        },
      ],
    })
    if (made) created.push(spec.topic)
  }
  await whenLed(
    admin,
    specs.map(({ topic }) => topic),
  )
  const before = specs.filter(({ topic }) => !created.includes(topic))
  return { created, differences: before.length > 0 ? await differencesOf(admin, before) : [] }
}

/** Resolves when every partition has a leader, so that the first message need not wait for one. */
async function whenLed(admin: Admin, names: readonly string[]): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const led = await admin
      .fetchTopicMetadata({ topics: [...names] })
      .then(({ topics }) => topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0)))
      .catch((error: unknown) => {
        if ((error as { retriable?: unknown }).retriable !== true || attempt >= mostLooks) throw error
        return false
      })
    if (led || attempt >= mostLooks) return
    await delay(Math.min(500, 25 * 2 ** attempt))
  }
}

async function differencesOf(admin: Admin, specs: readonly TopicSpec[]): Promise<string[]> {
  const { topics } = await admin.fetchTopicMetadata({ topics: specs.map(({ topic }) => topic) })
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: specs.map(({ topic }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic })),
  })
  return specs.flatMap((spec) => {
    const found = topics.find(({ name }) => name === spec.topic)?.partitions.length ?? 0
    const differences: string[] = []
    if (found !== spec.partitions)
      differences.push(`${spec.topic} has ${found} partitions instead of ${spec.partitions}`)
    const entries = resources.find(({ resourceName }) => resourceName === spec.topic)?.configEntries ?? []
    for (const [name, wanted] of Object.entries(settingsOf(spec))) {
      const actual = entries.find(({ configName }) => configName === name)?.configValue
      if (actual !== undefined && actual !== wanted)
        differences.push(`${spec.topic} has ${name}=${actual} instead of ${wanted}`)
    }
    return differences
  })
}
