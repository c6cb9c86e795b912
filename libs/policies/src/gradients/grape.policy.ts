import { exponentiatedStepAmong } from '../numerics/exponentiated-step.js'
import { mixedAlignments, taskAlignments, taskRates, taskSignal, type TaskRates } from './grape-signals.js'
import { learningRateOf, learningRateSchema } from './learning-rate.js'
import type { EvaluationFact, Policy, StepFact } from '../policy.js'
import { propose } from '../propose.js'
import { toMixture } from '../numerics/to-mixture.js'
import { updateEverySchema } from '../update-every.js'

type GrapeConfig = {
  readonly tasks: readonly string[]
  readonly taskRates: TaskRates
  readonly learningRate: number | null
  readonly taskDivisor: number
  readonly domainDivisor: number
  readonly updateEvery: number
}

type GrapeState = {
  readonly weights: readonly number[]
  /** How much each task counts, in the order of `tasks`. */
  readonly taskWeights: readonly number[]
  /** The last held-out loss of each task, where rates come from evaluations; `null` before the first. */
  readonly evaluated: readonly ({ readonly step: number; readonly loss: number } | null)[]
  readonly updates: number
  /** Where the parts of the next explanation start: the policy's own weights at the last mixture fact. */
  readonly base: readonly number[]
}

/**
 * GRAPE (Fan, Glarou & Jaggi 2025, arXiv 2505.20380): several target tasks, of which the slowest count most, and domains
 * whose gradients help those. A minimax game of two exponentiated updates. O(K·N) for N tasks in each update.
 */
export const grape: Policy<GrapeConfig, GrapeState> = {
  name: 'grape',
  version: 1,
  title: 'GRAPE',
  purpose: 'Samples the domains whose gradients help the target tasks that are improving most slowly.',
  cites: ['arXiv:2505.20380'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'There is one target, or all targets matter equally whatever happens: then DoGE. The trainer cannot compute gradients of every domain and of every target task now and then: then Skill-It or Aioli, which need losses alone.',
    mathematics: [
      'M(k, n) = ⟨g(k), ∇ ln l(n)⟩ for domain k and target task n; ∇ ln l = ∇l / l. Signals: `taskAlignment.<task>`, one for each task, each with a number per domain (sums over reports), and `gradientReports` (how many reports the sums hold); M is their quotient.',
      'How fast task n improves: a(n) = ⟨∇ ln l(n), g⟩ for the gradient g that is trained with. `taskRates` says where it comes from. alignment: g is the mixture’s, a(n) = Σ p(k)·M(k, n) / Σ p(k) over reported domains, p being in force in that step. signals: `taskRate.<task>` in the same reports, added up over domains (a trainer that knows only the whole puts it in the row of one domain). evaluations: held-out losses of the tasks, sent as scores under their names; (ln l before − ln l now) / steps between takes the place of η·a(n).',
      'Tasks: z(n) ← z(n)·exp(−(η / taskDivisor)·a(n)) / Σ: slow tasks gain. Then domains: α(k) ← α(k)·exp((η / domainDivisor)·Σ z(n)·M(k, n)) / Σ, with the new z. z starts uniform, α with the mixture of the run.',
      'η is the learning rate of the model: the signal `learningRate` (its sum over the same reports), or the constant of the configuration.',
      'An update happens in steps that are a multiple of `updateEvery` and carry the signals. The paper updates every 100 steps; a trainer that measures only then leaves `updateEvery` at 1.',
      'How reports add up: ranks that hold shards of the parameters send the inner products of their shards and one of them a 1 in `gradientReports`; ranks that hold whole gradients send all of it with a 1 each, or one does and the others send zeros.',
    ],
    cost: 'K·N multiplications and K + N exponentials in an update, nothing in other steps; the state is two numbers a domain and three a task. The trainer pays about 15 % compute and 25 % memory at the peak (7 domains, 6 tasks; figures of the paper).',
    absentDomains:
      'The paper has all domains in every update. Here a domain that does not report the alignment with every task keeps its share, and the others move within what they have together. A task without a rate keeps its weight. A step that no domain reports changes nothing.',
    differences: [
      'No code was found; this follows the paper. Its values of the two divisors (μ) are not known to us, nor for certain whether they divide; the defaults are those that DoGE’s configuration uses for its own, and need tuning: exponents scale with the learning rate and with squared gradients.',
      'The paper starts domains uniform; here they start with the run’s mixture.',
      'Rates from evaluations are ours: a first-order stand-in where a trainer evaluates its targets anyway.',
      'Nothing keeps a weight away from 0, as in the paper; floors are a guard rail of the run.',
      'Guard rails and overrides do not feed back, except through the mixture in force, by which the rates are mixed.',
    ],
  },
  signals: (config) => [
    ...config.tasks.map((task) => taskSignal('taskAlignment', task)),
    'gradientReports',
    ...(config.taskRates === 'signals' ? config.tasks.map((task) => taskSignal('taskRate', task)) : []),
    ...(config.learningRate === null ? ['learningRate'] : []),
  ],
  evaluations: (config) => (config.taskRates === 'evaluations' ? { scores: config.tasks } : {}),
  defaults: {
    tasks: [],
    taskRates: 'alignment',
    learningRate: null,
    taskDivisor: 0.01,
    domainDivisor: 0.01,
    updateEvery: 1,
  },
  example: () => ({ tasks: ['general', 'target'] }),
  schema: {
    type: 'object',
    properties: {
      tasks: {
        description:
          'Names of the target tasks, of letters, digits, underscores and dots; they end the names of the signals.',
        type: 'array',
        items: { type: 'string', minLength: 1 },
      },
      taskRates: {
        description:
          'Where the improvement of each task comes from: the alignments and the mixture in force, signals of its own, or evaluations.',
        enum: ['alignment', 'signals', 'evaluations'],
      },
      learningRate: learningRateSchema,
      taskDivisor: {
        description: 'Divides the exponent of the tasks: the smaller, the faster their weights move.',
        type: 'number',
        exclusiveMinimum: 0,
      },
      domainDivisor: {
        description: 'Divides the exponent of the domains: the smaller, the faster the mixture moves.',
        type: 'number',
        exclusiveMinimum: 0,
      },
      updateEvery: updateEverySchema,
    },
    additionalProperties: false,
  },
  check({ tasks }) {
    if (tasks.length === 0)
      return ['tasks: expected at least one target task, got none; name the tasks that training is for.']
    const odd = tasks.filter((task) => !/^[A-Za-z0-9_.]{1,50}$/.test(task))
    const twice = tasks.filter((task, n) => tasks.indexOf(task) !== n)
    return [
      ...(odd.length === 0
        ? []
        : [
            `tasks: expected up to 50 letters, digits, underscores and dots in a name, got ${odd.join(', ')}; rename them.`,
          ]),
      ...(twice.length === 0
        ? []
        : [`tasks: expected each name once, got ${twice.join(', ')} more than once; remove one.`]),
    ]
  },
  initialState: (config, start) => ({
    weights: start.weights,
    taskWeights: config.tasks.map(() => 1 / config.tasks.length),
    evaluated: config.tasks.map(() => null),
    updates: 0,
    base: start.weights,
  }),
  evolve(config, state, fact) {
    switch (fact.kind) {
      case 'mixture':
        return { ...state, base: state.weights }
      case 'evaluation':
        return config.taskRates === 'evaluations' ? afterEvaluation(config, state, fact) : state
      case 'step':
        return fact.step % config.updateEvery === 0 ? afterStep(config, state, fact) : state
      case 'advice':
        return state
    }
  },
  decide(config, state, current) {
    if (state.updates === 0) {
      const names = grape.signals(config).map((name) => `\`${name}\``)
      return {
        kind: 'hold',
        because: `No update yet: no step that is a multiple of ${config.updateEvery} has carried ${names.join(', ')} of a domain.`,
      }
    }
    const { tasks } = config
    const slowest = state.taskWeights.reduce((best, one, n, all) => (one > all[best]! ? n : best), 0)
    return propose(
      {
        weights: state.weights,
        summary: `GRAPE after ${state.updates} updates: domains whose gradients help the slow tasks gain; ${tasks[slowest]} counts most (${state.taskWeights[slowest]!.toPrecision(3)} of all tasks).`,
        parts: { alignment: state.weights.map((weight, i) => weight - state.base[i]!) },
        unchanged: 'The alignments so far ask for the mixture that is already in force.',
        controls: { taskWeights: Object.fromEntries(tasks.map((task, n) => [task, state.taskWeights[n]!])) },
      },
      current,
    )
  },
}

function afterStep(config: GrapeConfig, state: GrapeState, fact: StepFact): GrapeState {
  const learningRate = learningRateOf(config, fact)
  const alignments = taskAlignments(config.tasks, fact)
  if (learningRate === undefined || alignments.every((row) => row === undefined)) return state
  const taskWeights =
    config.taskRates === 'evaluations'
      ? state.taskWeights
      : reweighed(
          state.taskWeights,
          taskRates(config.taskRates, config.tasks, alignments, fact),
          -bounded(learningRate / config.taskDivisor),
        )
  const weights = reweighed(
    state.weights,
    mixedAlignments(alignments, taskWeights),
    bounded(learningRate / config.domainDivisor),
  )
  return { ...state, weights, taskWeights, updates: state.updates + 1 }
}

/** Held-out losses say how fast each task has improved since it was last evaluated. */
function afterEvaluation(config: GrapeConfig, state: GrapeState, fact: EvaluationFact): GrapeState {
  const rates = config.tasks.map((task, n) => {
    const loss = fact.scores[task]
    const before = state.evaluated[n]
    if (!isLoss(loss) || before === null || before === undefined || fact.step <= before.step) return null
    return (Math.log(before.loss) - Math.log(loss)) / (fact.step - before.step)
  })
  const evaluated = config.tasks.map((task, n) => {
    const loss = fact.scores[task]
    return isLoss(loss) ? { step: fact.step, loss } : state.evaluated[n]!
  })
  return {
    ...state,
    evaluated,
    taskWeights: reweighed(state.taskWeights, rates, -bounded(1 / config.taskDivisor)),
  }
}

/** One exponentiated update by rates times a factor; those without a rate stay where they are. */
function reweighed(
  weights: readonly number[],
  rates: readonly (number | null)[],
  factor: number,
): readonly number[] {
  if (rates.every((rate) => rate === null)) return weights
  const exponents = rates.map((rate) => (rate === null ? null : factor * rate))
  return toMixture(exponentiatedStepAmong(weights, exponents)) ?? weights
}

function isLoss(loss: number | undefined): loss is number {
  return loss !== undefined && loss > 0 && loss < Infinity
}

/** An infinite factor times a rate of 0 would be no number. */
function bounded(factor: number): number {
  return Math.min(factor, Number.MAX_VALUE)
}
