import { distributionOf } from './agent-advice.js'
import { agentSource, agentTitle, type AgentManifest } from './agent-manifest.js'
import type { AgentConfig } from './agent-settings.js'
import { gather, type Gathered } from '../evaluations/gather-evaluation.js'
import type { AdviceFact, EvaluationFact, MixtureFact, PolicyStart } from '../policy.js'
import { shareGone } from '../composed/position.js'

type Mixture = { readonly step: number; readonly weights: readonly number[] }

/** A mixture the run had, and what an evaluation said after it. */
export type Entry = Mixture & { readonly feedback: readonly number[] }

export type Question = {
  /** The evaluation it is about: the newest entry of the history. */
  readonly step: number
  readonly progress: number | null
  /** A distribution in the run's order, or why there is none; null before the answer. */
  readonly told: readonly number[] | string | null
  /** Whether the run has taken on a mixture since the answer. */
  readonly isUsed: boolean
}

export type AgentState = {
  /** Where each domain of the run stands in the manifest. */
  readonly places: readonly number[]
  readonly horizon: NonNullable<PolicyStart['horizon']>
  /** The run's newest mixture and the one before. */
  readonly mixtures: readonly Mixture[]
  /** Oldest first, never more than the model sees. */
  readonly history: readonly Entry[]
  /** An evaluation that still lacks a number. */
  readonly gathered: Gathered | null
  /** Counted where progress or the pace needs it. */
  readonly tokens: number
  readonly tokensAtEntry: number
  readonly question: Question | null
}

export function firstAgentState(manifest: AgentManifest | null, start: PolicyStart): AgentState {
  const places = new Map(manifest?.domains.map((name, place) => [name, place]))
  return {
    places: start.domains.map(({ name }) => places.get(name) ?? 0),
    horizon: start.horizon ?? {},
    mixtures: [{ step: -1, weights: start.weights }],
    history: [],
    gathered: null,
    tokens: 0,
    tokensAtEntry: 0,
    question: null,
  }
}

/** One that replaces another of the same step takes its place: that one was never in force. */
export function takeMixture(state: AgentState, { step, weights }: MixtureFact): AgentState {
  const before = state.mixtures.filter((mixture) => mixture.step < step)
  const { question } = state
  return {
    ...state,
    mixtures: [...before.slice(-1), { step, weights }],
    question: question === null || question.told === null ? question : { ...question, isUsed: true },
  }
}

/** A complete evaluation is an entry of the history, and a question. */
export function takeEvaluation(
  config: AgentConfig,
  manifest: AgentManifest,
  state: AgentState,
  evaluation: EvaluationFact,
): AgentState {
  const { history, tokens } = state
  const { step } = evaluation
  if (step <= (history.at(-1)?.step ?? -1)) return state
  const gathered = gather(state.gathered, step, measuredBy(manifest, state, evaluation))?.newest
  if (gathered === undefined) return state
  const { losses } = gathered
  if (!isComplete(losses)) return { ...state, gathered }
  if (config.interval === 'tokens' && tokens - state.tokensAtEntry < manifest.intervalTokens)
    return { ...state, gathered: null }

  const entry: Entry = { step, weights: mixtureBefore(state.mixtures, step), feedback: losses }
  const progress = manifest.progress ? shareGone({ share: 1 }, state.horizon, { steps: step, tokens }) : null
  return {
    ...state,
    history: [...history, entry].slice(-manifest.history),
    gathered: null,
    tokensAtEntry: tokens,
    question: { step, progress, told: null, isUsed: false },
  }
}

const isComplete = (losses: readonly (number | null)[]): losses is readonly number[] => !losses.includes(null)

/** What an evaluation says of the manifest's feedback, in its order. */
function measuredBy(
  { domains, feedback }: AgentManifest,
  { places }: AgentState,
  { loss, scores }: EvaluationFact,
): readonly (number | null | undefined)[] {
  const byName = new Map<string, number | null>()
  places.forEach((place, i) => byName.set(domains[place]!, loss[i] ?? null))
  return feedback.map(({ name, from }) =>
    from === 'loss' ? byName.get(name) : Object.hasOwn(scores, name) ? scores[name] : null,
  )
}

/** The mixture that steps up to this one could have been sampled under: one decided at the step itself comes after it. */
function mixtureBefore(mixtures: readonly Mixture[], step: number): readonly number[] {
  return (mixtures.findLast((mixture) => mixture.step < step) ?? mixtures[0]!).weights
}

/** The first answer counts; what others say, or what is said of another step, does not. */
export function takeAdvice(manifest: AgentManifest, state: AgentState, advice: AdviceFact): AgentState {
  const { question, places } = state
  if (question === null || question.told !== null) return state
  if (advice.step !== question.step || advice.source !== agentSource(manifest)) return state
  const answer = answerOf(manifest, advice)
  const told = typeof answer === 'string' ? answer : places.map((place) => answer[place]!)
  return { ...state, question: { ...question, told } }
}

function answerOf(manifest: AgentManifest, { values, because }: AdviceFact): readonly number[] | string {
  if (because === undefined) return distributionOf(manifest, values)
  return `${agentTitle(manifest)} gave no answer: ${because}${because.endsWith('.') ? '' : '.'}`
}
