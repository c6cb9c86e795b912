import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Guards, LedgerData, LossesMeasured, TrainerEvent } from '@mixdesk/contracts'
import {
  openDesk,
  refoldLearning,
  type CheckpointEffect,
  type Learning,
  type LearningNeeded,
  type RunMessage,
} from '@mixdesk/mixture'
import { configure, policies, type AnyPolicy } from '@mixdesk/policies'
// The settings that reach every branch of a policy are for tests alone, so no index has them.
// eslint-disable-next-line mixdesk/borders
import { settings, tasks, type Given } from '../../libs/policies/src/registry.fixture.js'
import { advice, aRun, checkpoint, evaluation, losses, resumed, runId } from '../support/facts.js'

/** RESUME_EFFORT=10 tries ten times as much; PROPERTY_SEED=random other cases. */
const effort = Number(process.env['RESUME_EFFORT'] ?? 1)

type Decided = LedgerData<'MixtureDecided'>
type Mixture = { readonly version: number; readonly weights: readonly number[] }

/** A crash after step `at`, and a resume from the checkpoint `back` steps before it; from the beginning, where that is before step 0. */
type Crash = {
  readonly at: number
  readonly back: number
  /** Reports of the next steps that were sent before the crash, and are undone by it. */
  readonly torn: number
  /** The mixture that the resume issues again is not seen; the new process samples as its checkpoint says until the next decision. */
  readonly deaf: boolean
}
type Plan = {
  readonly noise: number
  readonly cadence: number
  readonly guards: Guards
  /** Batches drawn ahead: a step is sampled under what was newest so many steps before. */
  readonly ahead: number
  readonly saysVersion: boolean
  /** Every so many steps a checkpoint is announced; the other steps can be resumed from by folding the history again. */
  readonly saves: number
  /** Whether the trainer evaluates before its first step, and again whenever it begins again. */
  readonly evaluatesFirst: boolean
  readonly crashes: readonly Crash[]
}

const domainCount = 4
const ranks = 2
const steps = 42
const domains = Array.from({ length: domainCount }, (_, i) => ({
  ...{ name: `d${i}`, weight: i + 1, tokens: 40_000, group: `g${i % 2}` },
}))

const horizon = { steps: 60, tokens: 200_000 }
const start = { domains, weights: domains.map(({ weight }) => weight / 10), horizon }

const plans = (policy: AnyPolicy): fc.Arbitrary<Plan> =>
  fc.record({
    noise: fc.nat(2 ** 30),
    cadence: fc.constantFrom(1, 1, 2, 3, 5),
    guards: fc.constantFrom<Guards>(
      {},
      { floor: 0.02, ceiling: 0.9, largestChange: 0.15 },
      { minimumEvidence: { steps: 3 }, acknowledgeWithin: 4 },
      ...(policy.meaning === 'samplingProbability'
        ? [{ repetitionCap: { epochs: { d0: 0.2, d1: 1 } }, largestChange: 0.1 }]
        : []),
    ),
    ahead: fc.constantFrom(0, 0, 1, 3, 10),
    saysVersion: fc.boolean(),
    saves: fc.integer({ min: 1, max: 5 }),
    evaluatesFirst: fc.boolean(),
    crashes: fc.array(
      fc.record({
        at: fc.integer({ min: -1, max: steps - 1 }),
        back: fc.oneof(fc.nat(3), fc.nat(steps), fc.constant(steps)),
        torn: fc.nat(3 * ranks),
        deaf: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })

/**
 * The hardest there is, which chance hardly finds: batches drawn far ahead, a new mixture every step, and twice back from the
 * same checkpoint to before many of them. Mixtures that the resume undid must not crowd out those the new process samples under.
 */
const farBack: Plan = {
  ...{ noise: 5, cadence: 1, guards: {}, ahead: 10, saysVersion: true, saves: 1, evaluatesFirst: false },
  crashes: [
    { at: 35, back: 14, torn: 3, deaf: false },
    { at: 21, back: 0, torn: 0, deaf: true },
    { at: 40, back: 2, torn: 1, deaf: false },
  ],
}

/** It dies before its first step, then before its first checkpoint, and once more long after it. */
const fromTheBeginning: Plan = {
  ...{
    noise: 7,
    cadence: 2,
    guards: { floor: 0.02, largestChange: 0.2 },
    ahead: 1,
    saysVersion: true,
    saves: 5,
  },
  evaluatesFirst: true,
  crashes: [
    { at: -1, back: 0, torn: 1, deaf: false },
    { at: 3, back: 4, torn: 2, deaf: true },
    { at: 30, back: 31, torn: 0, deaf: false },
    { at: 33, back: 5, torn: 3, deaf: false },
  ],
}

/** A number in [0, 1) that looks random and is the same for the same place. */
function noiseAt(...place: readonly number[]): number {
  let x = 0x9e3779b9
  for (const at of place) {
    x = Math.imul(x ^ at, 0x85ebca6b)
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
    x ^= x >>> 16
  }
  return (x >>> 0) / 2 ** 32
}

/** What a rank measures depends on the mixture it sampled under: one wrong bit, and everything after it is another run. */
function measured(
  noise: number,
  step: number,
  rank: number,
  weights: readonly number[],
  names: readonly string[],
) {
  const of = (salt: number, i: number) => noiseAt(noise, step, rank, i, salt)
  const tokens = weights.map((weight, i) =>
    of(1, i) < 0.1 ? 0 : Math.floor(2000 * weight * (0.5 + of(2, i))),
  )
  const lossSum = tokens.map((count, i) => count * (1 + i / 3 + 2 / Math.sqrt(step + 1) + of(3, i)))
  const signal = (n: number) =>
    tokens.map((count, i) => (n % 2 === 0 ? count * of(4 + n, i) : Math.floor(9 * of(4 + n, i))))
  return {
    tokens,
    lossSum,
    sequences: tokens.map((count) => Math.ceil(count / 100)),
    signals: Object.fromEntries(names.map((name, n) => [name, signal(n)])),
  }
}

/** The trainer: which mixture its next batches are drawn under. This is what a checkpoint of it holds. */
type Sampler = { newest: Mixture; drawn: Mixture[] }

const onlyText = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

/** The run as the plan says, told to a desk message by message; the decisions that count in the end. */
function live(policy: AnyPolicy, config: object, plan: Plan, crashes: readonly Crash[]): Decided[] {
  const desk = openDesk(runId)
  const log: RunMessage[] = []
  const checkpoints: CheckpointEffect[] = []
  let decided: Decided[] = []
  let sampler: Sampler = { newest: { version: 0, weights: [] }, drawn: [] }
  let [step, attempt] = [-1, 1]
  const saved = new Map<number, Sampler>()
  const waiting: Mixture[] = []

  function fetch({ step: at, beforeAttempt, sinceAttempt }: LearningNeeded): Learning {
    const kept = checkpoints.findLast((one) => one.step === at && one.attempt >= sinceAttempt)?.learning
    return onlyText(kept ?? refoldLearning(log, at, beforeAttempt)!)
  }
  function say(event: TrainerEvent): void {
    const message = { ...event, offset: log.length }
    log.push(message)
    desk.ingest(message)
    for (;;) {
      const { effects, needs } = desk.advance()
      for (const fact of effects.events) if (fact.type === 'MixtureDecided') decided.push(fact.data)
      waiting.push(...effects.commands)
      checkpoints.push(...effects.checkpoints)
      if (needs === undefined) break
      desk.provide(fetch(needs))
    }
    const wanted = desk.wants()
    if (wanted === undefined) return
    const values = Array.from({ length: domainCount }, (_, i) => noiseAt(plan.noise, wanted.step, i))
    say(advice(wanted.step, values, { attempt, source: wanted.source }))
  }
  const signals = policy.signals(config)
  const report = (rank: number, at: number, { version, weights }: Mixture) => {
    const said: Partial<LossesMeasured> = plan.saysVersion ? { mixtureVersion: version } : {}
    say(losses(at, rank, { attempt, ...said, ...measured(plan.noise, at, rank, weights, signals) }))
  }
  function hear(): void {
    for (const mixture of waiting.splice(0))
      if (mixture.version > sampler.newest.version) sampler.newest = mixture
  }
  /** At a step boundary the newest mixture is taken; the batch may have been drawn under an older one. */
  function sample(): Mixture {
    hear()
    sampler.drawn.push(sampler.newest)
    return sampler.drawn.length > plan.ahead ? sampler.drawn.shift()! : sampler.drawn[0]!
  }
  function evaluate(salt: number): void {
    const at = Math.max(step, 0)
    say(
      evaluation(at, {
        attempt,
        loss: domains.map((_, i) => 2 + noiseAt(plan.noise, at, i, salt)),
        scores: Object.fromEntries(tasks.map((task, i) => [task, 10 * noiseAt(plan.noise, at, -i, salt)])),
      }),
    )
  }
  function live(): void {
    if (step < 0 && plan.evaluatesFirst) evaluate(1)
    step++
    const mixture = sample()
    for (let rank = 0; rank < ranks; rank++) report(rank, step, mixture)
    if (step % 3 === 0) evaluate(0)
    hear()
    saved.set(step, { newest: sampler.newest, drawn: [...sampler.drawn] })
    if (step % plan.saves === 0) say(checkpoint(step, { attempt }))
  }

  const { cadence, guards } = plan
  const policyChoice = { name: policy.name, config: config as Record<string, unknown> }
  say(aRun({ policy: policyChoice, domains, ranks, cadence, guards, horizon }))
  const { status, problems } = desk.state()!
  expect({ status, problems }).toEqual({ status: 'running', problems: [] })
  hear()
  saved.set(-1, { newest: sampler.newest, drawn: [] })
  for (const { at, back, torn, deaf } of crashes) {
    while (step < at) live()
    const unfinished = { sampler, step }
    sampler = { newest: sampler.newest, drawn: [...sampler.drawn] }
    for (let i = 0; i < torn; i++) {
      if (i % ranks === 0) step++
      report(i % ranks, step, sample())
    }
    step = Math.max(-1, Math.min(unfinished.step, at) - back)
    const from = saved.get(step)!
    sampler = { newest: from.newest, drawn: [...from.drawn] }
    for (const later of [...saved.keys()]) if (later > step) saved.delete(later)
    decided = decided.filter((one) => one.step <= step)
    // What the old process did not get any more is not the new one's: it reads the newest.
    waiting.length = 0
    attempt++
    const counted = decided.length
    say(resumed(attempt, step))
    // The mixture of the checkpoint is issued again under a new version: nothing was decided.
    const [again, ...others] = decided.splice(counted)
    expect(again?.because.parts).toHaveProperty('resume')
    expect(others).toEqual([])
    if (deaf) waiting.length = 0
  }
  while (step < steps) live()
  return decided
}

/** All of a decision but under which number and in which attempt it was made. */
const withoutPlace = ({ run: _r, project: _p, attempt: _a, version: _v, decisionId: _d, ...rest }: Decided) =>
  JSON.stringify(rest)

const cases = policies.flatMap((policy) =>
  (settings[policy.name] ?? [{}]).map((given): [string, AnyPolicy, Given] => [
    `${policy.name} ${JSON.stringify(typeof given === 'function' ? given(domainCount) : given)}`.slice(
      0,
      160,
    ),
    policy,
    given,
  ]),
)

describe('a run that crashes and resumes decides, weights to the bit, like one that never did', () => {
  it.each(cases)('%s', (_, policy, given) => {
    const configured = configure(policy, typeof given === 'function' ? given(domainCount) : given, start)
    if (!configured.ok) throw new Error(configured.problems.join(' '))
    const config = configured.config as object
    fc.assert(
      fc.property(plans(policy), (plan) => {
        const unbroken = live(policy, config, plan, [])
        const broken = live(
          policy,
          config,
          plan,
          [...plan.crashes].sort((a, b) => a.at - b.at),
        )
        expect(broken.map(withoutPlace)).toEqual(unbroken.map(withoutPlace))
      }),
      { numRuns: 5 * effort, examples: [[farBack], [fromTheBeginning]] },
    )
  })
})
