import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/** Numbers for Prometheus; one registry a server, so that several can live in one process. */
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    registry,
    messages: new Counter({
      name: 'mixdesk_messages_total',
      help: 'Trainer messages taken in, by outcome.',
      labelNames: ['outcome'] as const,
      registers,
    }),
    deadLetters: new Counter({
      name: 'mixdesk_dead_letters_total',
      help: 'Messages sent to the dead letters.',
      registers,
    }),
    decisions: new Counter({ name: 'mixdesk_decisions_total', help: 'Mixtures decided.', registers }),
    commits: new Counter({
      name: 'mixdesk_commits_total',
      help: 'Ledger transactions, by result.',
      labelNames: ['result'] as const,
      registers,
    }),
    advice: new Counter({
      name: 'mixdesk_advice_total',
      help: 'Questions put to learned agents, by whether they answered.',
      labelNames: ['outcome'] as const,
      registers,
    }),
    advanceSeconds: new Histogram({
      name: 'mixdesk_advance_seconds',
      help: 'Time from a ring to the commit.',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    relayed: new Counter({
      name: 'mixdesk_relayed_total',
      help: 'Messages relayed to Kafka, by kind.',
      labelNames: ['kind'] as const,
      registers,
    }),
    historyRows: new Counter({
      name: 'mixdesk_history_rows_total',
      help: 'Rows written to the history, by kind.',
      labelNames: ['kind'] as const,
      registers,
    }),
    historySeconds: new Histogram({
      name: 'mixdesk_history_write_seconds',
      help: 'Time of a write to the history.',
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    liveRuns: new Gauge({ name: 'mixdesk_live_runs', help: 'Runs whose desk is in memory.', registers }),
    lag: new Gauge({
      name: 'mixdesk_lag_messages',
      help: 'Messages between the end of the topic and what is done, by group.',
      labelNames: ['group'] as const,
      registers,
    }),
    unhandled: new Counter({
      name: 'mixdesk_unhandled_exceptions_total',
      help: 'Exceptions in sagas and event handlers; rising means a bug.',
      registers,
    }),
  }
}
export type Metrics = ReturnType<typeof createMetrics>
export const METRICS = Symbol('metrics')
