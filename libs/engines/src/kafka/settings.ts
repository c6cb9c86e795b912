import { loopback } from '../ports.js'

export const kafkaVersion = '4.1.1'

export type KafkaPorts = { broker: number; controller: number }

/** One broker that is its own controller, sized for a small machine, that forgets nothing. */
export function serverProperties(dataDirectory: string, ports: KafkaPorts): string {
  const settings: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${loopback}:${ports.controller}`,
    listeners: `PLAINTEXT://${loopback}:${ports.broker},CONTROLLER://${loopback}:${ports.controller}`,
    'advertised.listeners': `PLAINTEXT://${loopback}:${ports.broker}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': propertyValue(dataDirectory),
    // Topics are made by Mixdesk on purpose, with the right number of partitions.
    'auto.create.topics.enable': 'false',
    'num.partitions': 4,
    'default.replication.factor': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // A message of 1 MiB is accepted from trainers; the envelope and compression overhead come on top.
    'message.max.bytes': 4 * 1024 * 1024,
    'replica.fetch.max.bytes': 4 * 1024 * 1024,
    // The log is what decisions are recomputed from: nothing in it expires, nor do the offsets of a long pause.
    'log.retention.hours': -1,
    'log.retention.ms': -1,
    'log.retention.bytes': -1,
    'offsets.retention.minutes': 10 * 365 * 24 * 60,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    // After a kill the controller waits for the session of the broker's former life to run out; 9 s by default.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    // The default takes 128 MB of the heap at start.
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
  }
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  return '# Written by Mixdesk at every start of Kafka.\n' + lines.join('\n') + '\n'
}

/** Java reads a backslash in a properties file as an escape. */
const propertyValue = (text: string): string => text.replaceAll('\\', '\\\\')

/** Reads such a file, and Kafka's own meta.properties, well enough for what we look up. */
export function parseProperties(text: string): Map<string, string> {
  const pairs = new Map<string, string>()
  for (const line of text.split('\n')) {
    const at = line.indexOf('=')
    if (at > 0 && !line.startsWith('#')) pairs.set(line.slice(0, at).trim(), line.slice(at + 1).trim())
  }
  return pairs
}
