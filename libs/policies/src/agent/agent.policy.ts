import { agentGuide } from './agent-guide.js'
import { agentInputs } from './agent-inputs.js'
import { agentSource, agentTitle, type AgentManifest } from './agent-manifest.js'
import { agentProblems, agentSchema, type AgentConfig } from './agent-settings.js'
import {
  firstAgentState,
  takeAdvice,
  takeEvaluation,
  takeMixture,
  type AgentState,
  type Question,
} from './agent-state.js'
import { floorWeights } from '../rollouts/floor-weights.js'
import type { Policy } from '../policy.js'
import { tokensOf } from '../composed/position.js'
import { propose } from '../propose.js'

/**
 * A learned agent (Data Mixing Agent, arXiv 2507.15640): an ONNX model that is asked after every evaluation; its answer is a
 * fact of the log, and this policy the arithmetic around it. A step costs nothing, an evaluation O(history · (K + M)).
 */
export const agent: Policy<AgentConfig, AgentState> = {
  name: 'agent',
  version: 1,
  title: 'Learned agent',
  purpose:
    'Lets a trained model choose the mixture after every evaluation, from the mixtures and scores so far.',
  cites: ['arXiv:2507.15640'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: agentGuide,
  signals: () => [],
  evaluations({ manifest }) {
    const named = (from: 'score' | 'loss') =>
      (manifest?.feedback ?? []).flatMap((one) => (one.from === from ? [one.name] : []))
    const scores = named('score')
    return {
      ...(named('loss').length > 0 ? ({ loss: true } as const) : {}),
      ...(scores.length > 0 ? { scores } : {}),
    }
  },
  defaults: { manifest: null, floor: 0, largestTotalVariation: null, interval: 'evaluations' },
  example: ({ domains }) => ({
    manifest: {
      name: 'somebody',
      model: '0'.repeat(64),
      opset: 17,
      domains: domains.map((domain) => domain.name),
      feedback: domains.map((domain) => ({ name: domain.name, from: 'loss', mean: 3, scale: 1 })),
      history: 8,
      intervalTokens: 1e6,
      progress: false,
      output: 'logits',
    },
  }),
  schema: agentSchema,
  check: agentProblems,
  initialState: ({ manifest }, start) => firstAgentState(manifest, start),
  evolve(config, state, fact) {
    const { manifest } = config
    if (manifest === null) return state
    switch (fact.kind) {
      case 'step':
        if (!manifest.progress && config.interval !== 'tokens') return state
        return { ...state, tokens: Math.min(state.tokens + tokensOf(fact), Number.MAX_VALUE) }
      case 'mixture':
        return takeMixture(state, fact)
      case 'evaluation':
        return takeEvaluation(config, manifest, state, fact)
      case 'advice':
        return takeAdvice(manifest, state, fact)
    }
  },
  decide(config, state, current) {
    const { manifest, floor, largestTotalVariation } = config
    const { question } = state
    if (manifest === null)
      return { kind: 'hold', because: 'No agent is configured, so there is nobody to ask.' }
    if (question === null) return { kind: 'hold', because: lacking(config, manifest, state) }
    const told = distributionToUse(manifest, question)
    if (typeof told === 'string') return { kind: 'hold', because: told }

    const floored = floorWeights(told, floor, 'mixing')
    const weights = within(largestTotalVariation, floored, current)
    const isCapped = weights !== floored
    const said = `${agentTitle(manifest)} answered the evaluation of step ${question.step}`
    return propose(
      {
        weights,
        summary: `${said}: ${changes(manifest, state, minus(weights, current))}${isCapped ? ', held to the largest total variation' : ''}.`,
        parts: {
          agent: minus(told, current),
          ...(floor > 0 ? { floor: minus(floored, told) } : {}),
          ...(isCapped ? { changeCap: minus(weights, floored) } : {}),
        },
        unchanged: 'The agent asks for the mixture that is already in force.',
      },
      current,
    )
  },
  wants({ manifest }, state) {
    const { question } = state
    if (manifest === null || question === null || question.told !== null) return undefined
    return {
      kind: 'onnx',
      step: question.step,
      source: agentSource(manifest),
      model: manifest.model,
      manifest,
      inputs: agentInputs(manifest, state),
    }
  },
}

/** Why nobody has been asked yet. */
function lacking({ interval }: AgentConfig, manifest: AgentManifest, { gathered }: AgentState): string {
  const numbers = manifest.feedback.map(({ name, from }) => (from === 'loss' ? `the loss of ${name}` : name))
  if (gathered !== null)
    return `No complete feedback yet: the evaluation of step ${gathered.step} lacks ${numbers.filter((_, m) => gathered.losses[m] === null).join(', ')}.`
  const pace = interval === 'tokens' ? ` at least ${manifest.intervalTokens} tokens into the run` : ''
  return `No feedback yet: no evaluation has carried ${numbers.join(', ')}${pace}.`
}

/** What the newest answer says; where there is none to use, why. */
function distributionToUse(
  manifest: AgentManifest,
  { told, step, isUsed }: Question,
): readonly number[] | string {
  if (told === null) return `${agentTitle(manifest)} has not answered the evaluation of step ${step} yet.`
  return isUsed && typeof told !== 'string'
    ? `No new advice since that on the evaluation of step ${step}.`
    : told
}

/** As far towards the wish as the largest total variation lets. */
function within(
  largest: number | null,
  wish: readonly number[],
  current: readonly number[],
): readonly number[] {
  const variation = minus(wish, current).reduce((total, change) => total + Math.abs(change) / 2, 0)
  if (largest === null || variation <= largest) return wish
  return current.map((weight, i) => weight + (largest / variation) * (wish[i]! - weight))
}

const minus = (a: readonly number[], b: readonly number[]) => a.map((value, i) => value - b[i]! + 0)

/** The domain that gains most and the one that loses most, in words. */
function changes({ domains }: AgentManifest, { places }: AgentState, change: readonly number[]): string {
  const say = (most: number) =>
    `${domains[places[change.indexOf(most)]!]!} ${most < 0 ? 'loses' : 'gains'} ${Math.abs(most).toFixed(3)}`
  return `${say(Math.max(...change))}, ${say(Math.min(...change))}`
}
