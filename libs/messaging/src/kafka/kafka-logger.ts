import kafkajs, { type logCreator } from 'kafkajs'

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'
export type Log = (level: LogLevel, message: string, extra: { readonly [name: string]: unknown }) => void

// Said while a broker starts or a topic is new, and followed by a retry that succeeds.
const harmless = [
  /coordinator is loading/i,
  /coordinator is not available/i,
  /There is no leader for this topic-partition/i,
  /This server does not host this topic-partition/i,
  /The group is rebalancing, re-joining/i,
  /The replica is not available/i,
]
const passedOn = [
  'broker',
  'clientId',
  'groupId',
  'topic',
  'partition',
  'offset',
  'error',
  'retryCount',
  'retryTime',
] as const

/** Hands kafkajs's lines to ours. Only named fields pass, so that no password rides along in one that we did not foresee. */
export const logCreatorFor =
  (log: Log): logCreator =>
  () => {
    const { ERROR, WARN, INFO } = kafkajs.logLevel
    return ({ namespace, level, log: entry }) => {
      const { message } = entry
      const detail = typeof entry['error'] === 'string' ? entry['error'] : ''
      if (harmless.some((pattern) => pattern.test(message) || pattern.test(detail))) return
      const extra: Record<string, unknown> = { namespace }
      for (const name of passedOn) {
        const value: unknown = entry[name]
        if (value !== undefined) extra[name] = value instanceof Error ? value.message : value
      }
      // Its errors are mostly attempts that are repeated; what it gives up on reaches us as an error or a crash.
      log(level === ERROR || level === WARN ? 'warn' : level === INFO ? 'info' : 'debug', message, extra)
    }
  }
