import type { Policy, StepFact } from '../policy.js'
import { propose } from '../propose.js'
import { sum } from '../numerics/sum.js'

type FailureProfileConfig = {
  readonly memory: 'cumulative' | 'decayed' | 'window'
  readonly keep: number
  readonly windowSteps: number
  readonly laplace: number
  readonly uniformShare: number
}

export type FailureProfileState = {
  /** Failures of every domain as far as they are remembered. */
  readonly failures: readonly number[]
  /** Memory `window` only: the failures of the reports that are still in it, the oldest first. */
  readonly recent: readonly (readonly number[])[]
  /** Steps that carried the signal. */
  readonly reports: number
  /** Where the parts of the next explanation start. `even` is what every domain had without having failed. */
  readonly base: { readonly weights: readonly number[]; readonly even: number }
}

/**
 * The sampling rule of STAT (arXiv 2510.10023) in the form that domains allow: domains are skills, and data is sampled in
 * proportion to how often each skill was missing. O(K) a step.
 */
export const failureProfile: Policy<FailureProfileConfig, FailureProfileState> = {
  name: 'failure-profile',
  version: 1,
  title: 'Failure profile',
  purpose: 'Samples each skill in proportion to how often the model was found to lack it.',
  cites: ['arXiv:2510.10023', 'github.com/princeton-pli/STAT'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'Failures are counted on the training batches themselves: a skill that is sampled more then fails more often, and the profile feeds itself. Count them on a fixed set of questions. Nor does it help where nobody labels failures by skill, or where a skill fails because it cannot be learned.',
    mathematics: [
      'Pᵢ = (failuresᵢ + laplace) / Σ (failuresⱼ + laplace)',
      'wᵢ = (1 − uniformShare)·Pᵢ + uniformShare/K',
      'Memory `cumulative` adds every report. `decayed` multiplies what it has by `keep` before it adds a report. `window` adds up the last `windowSteps` reports.',
    ],
    cost: 'O(K) a step and a decision. State grows with K; memory `window` keeps K numbers for every report in the window.',
    absentDomains:
      'A domain that is absent from a step, or reports a negative number, keeps its count; under `decayed` it fades with the others. 0 failures are a report and not an absence. A step in which no domain is present is no report.',
    differences: [
      'STAT has a teacher score the steps of 500 answers, lists the skills missing in the hard ones and builds its profile once. Here a labeller reports `failures` (a count by domain) whenever it has some; `cumulative` with one report is the profile of the paper.',
      'The paper selects or synthesises questions in proportion to the profile; drawing them is the trainer’s.',
      'Its repository holds data only; this follows the formula of the paper. Laplace smoothing and the share of the uniform mixture are additions, so that a skill that never failed is not lost: set both to 0 for the plain profile.',
    ],
  },
  signals: () => ['failures'],
  defaults: { memory: 'cumulative', keep: 0.9, windowSteps: 10, laplace: 1, uniformShare: 0 },
  schema: {
    type: 'object',
    properties: {
      memory: {
        description: 'Which failures count: all, all with fading weight, or those of the last reports.',
        enum: ['cumulative', 'decayed', 'window'],
      },
      keep: {
        description: 'Share of the old failures that a report leaves (memory `decayed` only).',
        type: 'number',
        minimum: 0,
        maximum: 1,
      },
      windowSteps: {
        description: 'Reports that count (memory `window` only).',
        type: 'integer',
        minimum: 1,
        maximum: 200,
      },
      laplace: {
        description: 'Failures that every domain has before the first: 1 is Laplace smoothing, 0 none.',
        type: 'number',
        minimum: 0,
        maximum: 1e15,
      },
      uniformShare: {
        description: 'Share of the uniform mixture in every proposal.',
        type: 'number',
        minimum: 0,
        maximum: 1,
      },
    },
    additionalProperties: false,
  },
  check: () => [],
  initialState: (_config, start) => ({
    failures: start.domains.map(() => 0),
    recent: [],
    reports: 0,
    base: { weights: start.weights, even: 0 },
  }),
  evolve(config, state, fact) {
    if (fact.kind === 'mixture') {
      const own = profile(config, state)
      return own === undefined ? state : { ...state, base: own }
    }
    const report = fact.kind === 'step' ? failuresIn(fact) : undefined
    if (report === undefined) return state
    const recent = config.memory === 'window' ? [...state.recent, report].slice(-config.windowSteps) : []
    return {
      ...state,
      failures: remembered(config, state.failures, recent, report),
      recent,
      reports: state.reports + 1,
    }
  },
  decide(config, state, current) {
    if (state.reports === 0)
      return { kind: 'hold', because: 'No update yet: no step has carried `failures`.' }
    const own = profile(config, state)
    if (own === undefined) {
      return {
        kind: 'hold',
        because:
          'No domain has a failure on record, and without Laplace smoothing there is no profile; the mixture stays as it is.',
      }
    }
    const even = own.even - state.base.even
    return propose(
      {
        weights: own.weights,
        summary: `Failure profile (${config.memory}) after ${state.reports} reports: domains gain with their share of ${Number(sum(state.failures).toPrecision(6))} failures; each keeps at least ${own.even.toPrecision(4)}.`,
        parts: {
          failures: own.weights.map((weight, i) => weight - state.base.weights[i]! - even),
          even: own.weights.map(() => even),
        },
        unchanged: 'The failures so far ask for the mixture that is already in force.',
      },
      current,
    )
  },
}

/** The weights, and what of each is Laplace smoothing and the uniform mixture; undefined where there is no profile. */
function profile(
  config: FailureProfileConfig,
  state: FailureProfileState,
): FailureProfileState['base'] | undefined {
  const { laplace, uniformShare } = config
  const domains = state.failures.length
  const total = sum(state.failures) + domains * laplace
  if (state.reports === 0 || !(total > 0)) return undefined
  return {
    weights: state.failures.map(
      (failures) => (1 - uniformShare) * ((failures + laplace) / total) + uniformShare / domains,
    ),
    even: (1 - uniformShare) * (laplace / total) + uniformShare / domains,
  }
}

function remembered(
  config: FailureProfileConfig,
  before: readonly number[],
  recent: readonly (readonly number[])[],
  report: readonly number[],
): readonly number[] {
  if (config.memory !== 'window') {
    const keep = config.memory === 'decayed' ? config.keep : 1
    return before.map((failures, i) => bounded(keep * failures + report[i]!))
  }
  // Added up anew: taking the oldest away again would leave rounding behind.
  const totals = before.map(() => 0)
  for (const one of recent) for (let i = 0; i < one.length; i++) totals[i]! += one[i]!
  return totals.map(bounded)
}

/** Failures by domain, 0 where there is no count; undefined for a step that is no report. */
function failuresIn(fact: StepFact): readonly number[] | undefined {
  const counts = fact.signals['failures']
  if (counts === undefined) return undefined
  const counted = counts.map((count, i) => fact.present[i] === true && count >= 0)
  return counted.includes(true) ? counts.map((count, i) => (counted[i] === true ? count + 0 : 0)) : undefined
}

/** Keeps sums finite, and out of the numbers too small to divide by. */
function bounded(failures: number): number {
  return failures < 1e-300 ? 0 : Math.min(failures, 1e300)
}
