// Every policy of the registry with the settings it is measured with, and the facts that are told it.
import { configure, policies } from '@mixdesk/policies'
import { domainsNamed } from './wire.mjs'

const named = (count, number) =>
  Object.fromEntries(domainsNamed(count).map(({ name }, i) => [name, number(i)]))
const halfEvery = (count) => ({ targetLosses: named(count, (i) => 0.8 + (i % 8) / 8) })
/** A graph of thousands of skills is a configuration of millions of numbers. */
const graph = (count) =>
  count > 64
    ? null
    : Array.from({ length: count }, (_, i) => Array.from({ length: count }, (_, j) => (i === j ? 1 : 0.1)))

/** Ways to run a policy, where its defaults (or its example) are not enough to know what it costs. */
const ways = {
  odm: ['official-smoothed', 'official-exp3', 'paper', 'dataflex'].map((variant) => ({ variant })),
  doremi: ['official', 'paper', 'dataflex'].map((variant) => ({ variant })),
  // Laws are fitted once, before anything is timed; what a refit costs is measured by itself.
  ado: ['recommended', 'mixtera'].map((variant) => ({
    variant,
    startStep: 900,
    ignoreSteps: 0,
    refitEvery: 1_000_000,
  })),
  grape: [{ tasks: ['one', 'two', 'three', 'four'] }],
  rnb: [{}],
  'loss-slope': [{}, { signal: 'rewards' }],
  'difficulty-filter': [{}, { unit: 'domain', rolloutsPerPrompt: 8 }],
  cures: [{}, { unit: 'domain', preRollouts: 8 }],
  knapsack: [{}, { unit: 'domain' }],
  'loss-reweighting': [{}, { unit: 'domain', warmUpSteps: 100 }],
  'skill-it': [(count) => ({ graph: graph(count) })],
  'dynamic-batch-loading': [halfEvery],
  velocitune: [halfEvery],
  aioli: [(count) => ({ updateSteps: Math.max(250, 5 * count + 50) })],
  schedule: [{ phases: [{ policy: 'uniform', until: { steps: 100 } }, { policy: 'odm' }] }],
  'warm-up': [{ until: { steps: 100 } }],
  filtered: [{ smoothing: 0.9 }],
}
/** Told in words, so that a table can hold it. */
const wordsOf = (way) => way.variant ?? (way.unit === undefined ? undefined : `by ${way.unit}`) ?? way.signal

export const cases = policies.flatMap((policy) =>
  (ways[policy.name] ?? [undefined]).map((way) => ({
    policy,
    label: [policy.name, wordsOf(way ?? {})].filter(Boolean).join(' '),
    configIn: (start) =>
      configured(policy, typeof way === 'function' ? way(start.domains.length) : way, start),
  })),
)

export function configured(policy, way, start) {
  const result = configure(policy, way ?? policy.example?.(start) ?? {}, start)
  if (!result.ok) throw new Error(`${policy.name}: ${result.problems.join(' ')}`)
  return result.config
}

export function startOf(count) {
  const domains = domainsNamed(count).map((domain, i) => ({ ...domain, tokens: 1e6 * (i + 1) }))
  return { domains, weights: new Array(count).fill(1 / count), horizon: { steps: 1_000_000 } }
}

/** What a trainer might say in a step, every domain in it, with the signals that are named. */
export function stepFactOf(i, count, signals) {
  const tokens = Array.from({ length: count }, (_, d) => 1024 + ((i * 31 + d * 7) % 512))
  const wave = (d) => Math.sin(7 * i + 5 * d)
  const lossSum = tokens.map((n, d) => n * (1.5 + (d % 24) / 16 + 0.1 * wave(d)))
  return {
    kind: 'step',
    step: i,
    present: new Array(count).fill(true),
    tokens,
    lossSum,
    sequences: new Array(count).fill(4),
    signals: Object.fromEntries(
      signals.map((name) => [name, tokens.map((_, d) => signalOf(name, i, d, wave(d)))]),
    ),
    inForce: [],
  }
}

function signalOf(name, i, d, wave) {
  if (name === 'rollouts' || name === 'scored') return 16
  if (name === 'gradientReports' || name === 'gradientSamples') return 1
  if (name === 'learningRate') return 1e-3
  if (name === 'successes' || name === 'rewardSum') return (i * 5 + d * 3) % 17
  if (name === 'failures' || name.startsWith('passBin')) return (i + d) % 4
  if (name === 'clippedExcessSum') return 500 + 100 * wave
  return 0.5 + 0.4 * wave
}

/** Held-out losses that fall slowly, with a score for every task that is named. */
export const evaluationFactOf = (step, count, scores) => ({
  kind: 'evaluation',
  step,
  loss: Array.from(
    { length: count },
    (_, d) => 1 + (d % 8) / 8 + 20 / Math.sqrt(step + 100) + 0.01 * Math.sin(step + d),
  ),
  scores: Object.fromEntries(scores.map((task, i) => [task, 2 + i + 10 / Math.sqrt(step + 1)])),
})
