import { cloudEventHeaders, topics, typeOf, type MixtureSet, type TrainerEvent } from '@mixdesk/contracts'
import { createKafkaMessaging, type Messaging } from '@mixdesk/messaging'
import { eventually } from './eventually.js'

/** Kafka for trainers: its `send` goes on trying for longer than a broker takes to come back on a slow machine. */
export const openKafka = (brokers: readonly string[], clientId: string): Messaging =>
  createKafkaMessaging({ brokers: [...brokers], clientId, producer: { deliveryTimeoutMs: 180_000 } })

/** A trainer made of Kafka alone: sends what it is told to, keeps every command it gets. */
export type TestTrainer = {
  readonly run: string
  send(...events: readonly TrainerEvent[]): Promise<void>
  /** Every command received, in order, repeats included. */
  readonly commands: readonly MixtureSet[]
  /** What a trainer makes of the commands: versions it has seen are dropped. */
  mixtures(): readonly MixtureSet[]
  version(version: number, timeoutMs?: number): Promise<MixtureSet>
  stop(): Promise<void>
}

export async function startTrainer(messaging: Messaging, run: string): Promise<TestTrainer> {
  const commands: MixtureSet[] = []
  const decoder = new TextDecoder()
  const reader = messaging.reader({
    topic: topics.trainerCommands,
    keys: [run],
    from: 'beginning',
    onMessage: (message) => {
      if (message.key !== null && message.value !== null && decoder.decode(message.key) === run)
        commands.push(JSON.parse(decoder.decode(message.value)) as MixtureSet)
    },
  })
  await reader.start()
  return {
    run,
    commands,
    send: (...events) => messaging.send(topics.trainerEvents, events.map(toMessage)),
    mixtures: () =>
      commands.filter((command, i) =>
        commands.slice(0, i).every((earlier) => earlier.version < command.version),
      ),
    version: (version, timeoutMs) =>
      eventually(
        () => commands.find((command) => command.version >= version),
        `version ${version} of ${run} (${commands.length} commands so far)`,
        timeoutMs,
      ),
    stop: () => reader.stop(),
  }
}

let sent = 0
/** An event as a trainer's client puts it on Kafka. */
export function toMessage({ name, data }: TrainerEvent): {
  key: string
  headers: Record<string, string>
  value: string
} {
  return {
    key: data.run,
    headers: cloudEventHeaders({ id: `test-${process.pid}-${sent++}`, type: typeOf(name), source: 'test' }),
    value: JSON.stringify(data),
  }
}
