/** Topics of Mixdesk; every key is a run id, so that one run's messages keep their order. */
export const topics = {
  trainerEvents: 'mixdesk.trainer-events.v1',
  trainerCommands: 'mixdesk.trainer-commands.v1',
  ledger: 'mixdesk.ledger.v1',
  deadLetters: 'mixdesk.dead-letters.v1',
} as const

export const defaultPartitions = 12

/** How each topic is created. */
export const topicSettings = [
  { topic: topics.trainerEvents, compacted: false },
  { topic: topics.trainerCommands, compacted: true },
  { topic: topics.ledger, compacted: false },
  { topic: topics.deadLetters, compacted: false },
] as const

const prefix = 'mixdesk.'
const suffix = '.v1'
/** `ce_type` of a trainer's event or command. */
export const typeOf = (name: string): string => `${prefix}${name}${suffix}`
/** Short name in a `ce_type`, or undefined where it isn't ours or not version 1. */
export function nameOfType(type: string): string | undefined {
  return type.startsWith(prefix) && type.endsWith(suffix)
    ? type.slice(prefix.length, -suffix.length)
    : undefined
}
