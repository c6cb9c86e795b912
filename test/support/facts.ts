import type { LossesMeasured, RunStarted, TrainerEvent } from '@mixdesk/contracts'
import {
  openDesk,
  type Effects,
  type Learning,
  type LearningNeeded,
  type RunDesk,
  type RunMessage,
} from '@mixdesk/mixture'

/** Builders of what trainers and people say: a test names what matters, the rest is plausible. */

export const runId = 'run-1'
type Fields<N extends TrainerEvent['name']> = Partial<Extract<TrainerEvent, { name: N }>['data']>

/** A run of three domains and two ranks, mixed by ODM, deciding every second step. */
export function aRun(fields: Partial<RunStarted> = {}): TrainerEvent {
  const domains = [
    { name: 'web', weight: 0.5 },
    { name: 'code', weight: 0.25 },
    { name: 'books', weight: 0.25 },
  ]
  const data: RunStarted = {
    run: runId,
    project: 'p',
    attempt: 1,
    domains,
    policy: { name: 'odm' },
    ranks: 2,
    cadence: 2,
    lateness: 4,
    ...fields,
  }
  return { name: 'run.started', data }
}

export const domainsNamed = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ name: `domain-${i}` }))

/** What a rank measured in a step: by default 100 tokens a domain, and a loss that differs by domain, rank and step. */
export function losses(step: number, rank = 0, fields: Partial<LossesMeasured> = {}): TrainerEvent {
  const length = fields.tokens?.length ?? fields.lossSum?.length ?? 3
  const data: LossesMeasured = {
    run: runId,
    attempt: 1,
    step,
    rank,
    tokens: new Array<number>(length).fill(100),
    lossSum: Array.from({ length }, (_, i) => plausibleLoss(step, rank, i) * 100),
    ...fields,
  }
  return { name: 'losses.measured', data }
}

/** Nats per token: falling with the step, rising with the domain, a little different from rank to rank. */
export const plausibleLoss = (step: number, rank: number, domain: number): number =>
  1.5 + domain / 3 + 2 / Math.sqrt(step + 1) + 0.1 * Math.sin(7 * step + 3 * rank + 5 * domain)

/** One step, all ranks in order. */
export const stepOf = (step: number, ranks = 2, fields: Partial<LossesMeasured> = {}): TrainerEvent[] =>
  Array.from({ length: ranks }, (_, rank) => losses(step, rank, fields))

export const stepsOf = (
  first: number,
  last: number,
  ranks = 2,
  fields: Partial<LossesMeasured> = {},
): TrainerEvent[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => stepOf(first + i, ranks, fields)).flat()

export const evaluation = (step: number, fields: Fields<'evaluation.measured'> = {}): TrainerEvent => ({
  name: 'evaluation.measured',
  data: { run: runId, attempt: 1, step, loss: [2, 3, 4], ...fields },
})
export const advice = (
  step: number,
  values: number[],
  fields: Fields<'advice.given'> = {},
): TrainerEvent => ({
  name: 'advice.given',
  data: { run: runId, attempt: 1, step, source: 'somebody', values, ...fields },
})
export const applied = (version: number, rank = 0, fields: Fields<'mixture.applied'> = {}): TrainerEvent => ({
  name: 'mixture.applied',
  data: { run: runId, attempt: 1, version, step: 0, rank, ...fields },
})
export const refused = (version: number, fields: Fields<'mixture.refused'> = {}): TrainerEvent => ({
  name: 'mixture.refused',
  data: { run: runId, attempt: 1, version, step: 0, because: 'too late', ...fields },
})
export const checkpoint = (step: number, fields: Fields<'checkpoint.saved'> = {}): TrainerEvent => ({
  name: 'checkpoint.saved',
  data: { run: runId, attempt: 1, step, ...fields },
})
export const resumed = (attempt: number, step: number, fields: Fields<'run.resumed'> = {}): TrainerEvent => ({
  name: 'run.resumed',
  data: { run: runId, attempt, step, ...fields },
})
export const finished = (step: number, fields: Fields<'run.finished'> = {}): TrainerEvent => ({
  name: 'run.finished',
  data: { run: runId, attempt: 1, step, status: 'completed', ...fields },
})
export const annotated = (fields: Fields<'run.annotated'>): TrainerEvent => ({
  name: 'run.annotated',
  data: { run: runId, ...fields },
})
export const metrics = (step: number, fields: Fields<'metrics.logged'> = {}): TrainerEvent => ({
  name: 'metrics.logged',
  data: { run: runId, attempt: 1, step, names: ['lr'], values: [0.1], ...fields },
})
export const freeze = (requestId: string): TrainerEvent => ({
  name: 'freeze.requested',
  data: { run: runId, requestId, by: 'ada', because: 'looking' },
})
export const thaw = (requestId: string): TrainerEvent => ({
  name: 'thaw.requested',
  data: { run: runId, requestId, by: 'ada' },
})
export const override = (requestId: string, weights: number[]): TrainerEvent => ({
  name: 'override.requested',
  data: { run: runId, requestId, by: 'ada', because: 'more code', weights },
})

/** The facts at offsets from `from` on, as the log holds them. */
export const inLog = (facts: readonly TrainerEvent[], from = 0): RunMessage[] =>
  facts.map((fact, i) => ({ ...fact, offset: from + i }))

/** Freezes deeply, so that whoever changes what it was given fails. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value))
    Object.values(Object.freeze(value)).forEach(frozen)
  return value
}

export type Told = {
  readonly desk: RunDesk
  readonly effects: Effects
  /** What became of every message. */
  readonly ingested: readonly ReturnType<RunDesk['ingest']>[]
}

/** Takes messages in one by one, folding after each. Learning that a resume needs comes from the checkpoints on the way, or from `fetch`. */
export function tell(
  messages: readonly RunMessage[],
  options: { desk?: RunDesk; fetch?: (needs: LearningNeeded) => Learning | undefined } = {},
): Told {
  const desk = options.desk ?? openDesk(runId)
  const effects: Effects = { events: [], commands: [], checkpoints: [], rejections: [] }
  const ingested = messages.map((message) => {
    const result = desk.ingest(message)
    for (;;) {
      const { effects: more, needs } = desk.advance()
      addEffects(effects, more)
      if (needs === undefined) return result
      const kept = effects.checkpoints.findLast(
        (one) => one.step === needs.step && one.attempt >= needs.sinceAttempt,
      )
      const learning = kept?.learning ?? options.fetch?.(needs)
      if (learning === undefined) throw new Error(`Nobody knows what was learned at step ${needs.step}.`)
      desk.provide(learning)
    }
  })
  return { desk, effects, ingested }
}

export function addEffects(to: Effects, more: Effects): void {
  to.events.push(...more.events)
  to.commands.push(...more.commands)
  to.checkpoints.push(...more.checkpoints)
  to.rejections.push(...more.rejections)
}

export const decisionsIn = ({ events }: Effects) =>
  events.flatMap((event) => (event.type === 'MixtureDecided' ? [event.data] : []))
export const typesIn = ({ events }: Effects) => events.map((event) => event.type)

/** `given(facts).when(facts).then(types)`: what the last messages lead to. */
export const given = (...before: TrainerEvent[]) => ({
  when: (...facts: TrainerEvent[]) => {
    const { desk } = tell(inLog(before))
    return tell(inLog(facts, before.length), { desk })
  },
})
