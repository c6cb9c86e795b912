import { gather, type Gathered } from '../evaluations/gather-evaluation.js'
import type { EvaluationFact, Policy } from '../policy.js'
import { propose } from '../propose.js'
import { skillItProblems, skillItSchema, type SkillItConfig } from './skill-it-config.js'
import { skillItGuide } from './skill-it-guide.js'
import { knowsNothing, missing, nothingToStratify, summary } from './skill-it-words.js'
import { firstWeights, windowWeights, type Known, type Seen } from './skill-it-weights.js'
import { toMixture } from '../numerics/to-mixture.js'

type SkillItState = Known &
  Seen & {
    readonly weights: readonly number[]
    readonly newest: Gathered | null
    /** Whether the newest evaluation has its row: not before every column was evaluated once. */
    readonly hasRow: boolean
    /** The last loss of every column. */
    readonly last: readonly (number | null)[]
    readonly evaluations: number
    /** What each term moved since the last mixture fact. */
    readonly moved: {
      readonly prior: readonly number[]
      readonly graph: readonly number[]
      readonly losses: readonly number[]
    }
  }

/**
 * Skill-It (Chen et al. 2023, arXiv 2307.14430): w ∝ exp(stepSize · graph · recent held-out losses), from scratch each time, so
 * that training goes where it helps the skills that are still lossy. O(K·M) an evaluation of M skills, nothing a step.
 */
export const skillIt: Policy<SkillItConfig, SkillItState> = {
  name: 'skill-it',
  version: 1,
  title: 'Skill-It',
  purpose: 'Samples more from domains that help, by a graph of skills, what the model is still bad at.',
  cites: ['arXiv:2307.14430', 'github.com/HazyResearch/skill-it'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: skillItGuide,
  signals: () => [],
  evaluations(config) {
    if (config.mode !== 'online') return {}
    const { evaluationSkills, targetSkills } = config
    return evaluationSkills === null ? { loss: true } : { scores: targetSkills ?? evaluationSkills }
  },
  defaults: {
    variant: 'official',
    mode: 'online',
    graph: null,
    evaluationSkills: null,
    targetSkills: null,
    stepSize: 0.5,
    window: 3,
    windowUnit: null,
    evaluationsPerRound: 1,
    aggregate: null,
    edgeOfOne: 0.5,
    diagonalOfOne: false,
    prior: null,
    normaliseByInitialLoss: false,
    stepSizeSchedule: false,
    halveOffDiagonals: false,
    syntheticFirstLoss: false,
    isolatedNodes: 'compete',
  },
  schema: skillItSchema,
  check: skillItProblems,
  initialState(config, start) {
    const names = config.evaluationSkills ?? start.domains.map(({ name }) => name)
    const columns = (config.targetSkills ?? names).map((name) => names.indexOf(name))
    const prior =
      config.prior === null ? null : start.domains.map(({ name }) => (config.prior![name] ?? 0) + 0)
    const domains = start.domains.length
    const wanted = firstWeights(config, { columns, prior }, domains)
    const withPrior = prior === null ? start.weights : (toMixture(prior) ?? start.weights)
    return {
      weights: wanted,
      columns,
      prior,
      rows: [],
      newest: null,
      hasRow: false,
      last: columns.map(() => null),
      base: null,
      evaluations: 0,
      moved: {
        prior: difference(withPrior, start.weights),
        graph: difference(wanted, withPrior),
        losses: start.weights.map(() => 0),
      },
    }
  },
  evolve(config, state, fact) {
    if (fact.kind === 'mixture') return explained(state)
    return fact.kind === 'evaluation' && config.mode === 'online' ? evaluated(config, state, fact) : state
  },
  decide(config, state, current) {
    if (state.weights.every((weight) => weight === 0)) return { kind: 'hold', because: nothingToStratify }
    const waits = config.mode === 'online' && state.evaluations === 0
    if (waits && knowsNothing(config)) return { kind: 'hold', because: missing(config, state) }
    return propose(
      {
        weights: state.weights,
        summary: summary(config, state),
        parts: state.moved,
        unchanged: waits
          ? missing(config, state)
          : 'Graph and losses ask for the mixture that is already in force.',
      },
      current,
    )
  },
}

function evaluated(config: SkillItConfig, state: SkillItState, fact: EvaluationFact): SkillItState {
  const names = config.evaluationSkills
  const gathered = gather(
    state.newest,
    fact.step,
    state.columns.map((column) => (names === null ? fact.loss[column] : scoreOf(fact, names[column]!))),
  )
  if (gathered === undefined) return state
  const { newest, continues } = gathered
  const last = state.last.map((held, c) => newest.losses[c] ?? held)
  if (last.includes(null)) return { ...state, newest, hasRow: false, last }

  const completes = continues && state.hasRow
  const evaluations = state.evaluations + (completes ? 0 : 1)
  const next = {
    ...state,
    rows: rowsWith(config, state.rows, last as readonly number[], evaluations, completes),
    newest,
    hasRow: true,
    last,
    base: evaluations <= 2 ? (last as readonly number[]) : state.base,
    evaluations,
  }
  const domains = state.weights.length
  const rounds = finishedRounds(config, evaluations)
  const weights = windowWeights(config, next, domains, rounds)
  // What halving alone does, of which the graph is the reason and not the losses.
  const halved =
    config.halveOffDiagonals && rounds > finishedRounds(config, state.evaluations)
      ? windowWeights(config, state, domains, rounds)
      : state.weights
  return {
    ...next,
    weights,
    moved: {
      ...state.moved,
      graph: plus(state.moved.graph, difference(halved, state.weights)),
      losses: plus(state.moved.losses, difference(weights, halved)),
    },
  }
}

/** How many rounds lie behind the evaluation of this number. */
const finishedRounds = (config: SkillItConfig, evaluations: number): number =>
  Math.floor(Math.max(0, evaluations - 1) / config.evaluationsPerRound)

/** The window after the evaluation of this number, of which there may be a row already (`replaces`). */
function rowsWith(
  config: SkillItConfig,
  rows: readonly (readonly number[])[],
  row: readonly number[],
  evaluations: number,
  replaces: boolean,
): readonly (readonly number[])[] {
  if (evaluations === 1) {
    const mean = row.reduce((all, loss) => all + loss / row.length, 0)
    return (config.syntheticFirstLoss ? [row.map(() => mean), row] : [row]).slice(-config.window)
  }
  const unit = config.windowUnit ?? (config.variant === 'paper' ? 'round' : 'evaluation')
  // A round counts with the losses that it began with.
  if (unit === 'round' && (evaluations - 1) % config.evaluationsPerRound !== 0) return rows
  return [...(replaces ? rows.slice(0, -1) : rows), row].slice(-config.window)
}

function explained(state: SkillItState): SkillItState {
  const zeros = state.weights.map(() => 0)
  return { ...state, moved: { prior: zeros, graph: zeros, losses: zeros } }
}

const scoreOf = ({ scores }: EvaluationFact, name: string): number | undefined =>
  Object.hasOwn(scores, name) ? scores[name] : undefined

const difference = (to: readonly number[], from: readonly number[]) => to.map((value, i) => value - from[i]!)
const plus = (a: readonly number[], b: readonly number[]) => a.map((value, i) => value + b[i]!)
