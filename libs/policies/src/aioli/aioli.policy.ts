import { aioliProblems, aioliSchema, probeSteps, type AioliConfig } from './aioli-config.js'
import { aioliGuide } from './aioli-guide.js'
import { evaluatedAt, stepped } from './aioli-round.js'
import { drawOrder, wish, type AioliState } from './aioli-state.js'
import type { Policy } from '../policy.js'
import { propose } from '../propose.js'

/**
 * Aioli (Chen et al. 2024, arXiv 2411.05735): measures during the run, by short probes of training on mostly one domain, how
 * much each domain lowers the losses of all, and takes one exponentiated step a round. O(K) a step, O(K²) a round.
 */
export const aioli: Policy<AioliConfig, AioliState> = {
  name: 'aioli',
  version: 1,
  title: 'Aioli',
  purpose:
    'Probes each domain for a few steps every round, and samples more from those that lower losses most.',
  cites: ['arXiv:2411.05735', 'github.com/HazyResearch/aioli'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: aioliGuide,
  signals: () => [],
  evaluations: () => ({ loss: true }),
  defaults: {
    stepSize: 0.2,
    ema: null,
    sweeps: 1,
    stepsPerProbe: 5,
    updateSteps: 250,
    oneHotFactor: 1,
    normalise: true,
    diagonal: false,
    priorSteps: 0,
    accumulateFrom: 'uniform',
    seed: 0,
  },
  schema: aioliSchema,
  check: aioliProblems,
  initialState(config, start) {
    const { weights } = start
    const logits = weights.map((weight) =>
      config.accumulateFrom === 'uniform' ? 0 : Math.log(Math.max(weight, 1e-300)),
    )
    return {
      weights,
      logits,
      interaction: null,
      average: null,
      updates: 0,
      phase: config.priorSteps > 0 ? 'training' : 'waiting',
      stepsLeft: config.priorSteps,
      ...drawOrder(config, weights.length, 0),
      probe: null,
      boundary: 0,
      step: -1,
      latest: null,
      columns: weights.map(() => []),
      bent: weights.map(() => null),
      measured: weights.map(() => true),
      inForce: weights,
      base: weights,
      explained: weights,
      because: null,
    }
  },
  evolve(config, state, fact) {
    switch (fact.kind) {
      case 'step':
        return stepped(config, state, fact)
      case 'evaluation':
        return evaluatedAt(config, state, fact)
      case 'mixture':
        return {
          ...state,
          inForce: fact.weights,
          base: wish(config, state),
          explained: state.weights,
          probe: state.probe === null ? null : { ...state.probe, accepted: true },
        }
      case 'advice':
        return state
    }
  },
  decide(config, state, current) {
    const domains = current.length
    if (domains === 1) return { kind: 'hold', because: 'One domain leaves nothing to probe or to mix.' }
    if (state.probe === null && state.updates === 0) return { kind: 'hold', because: beforeFirst(state) }
    const weights = wish(config, state)
    const difference = (to: readonly number[], from: readonly number[]) => to.map((one, i) => one - from[i]!)
    if (state.probe !== null) {
      const place = `Probe ${state.probe.at + 1} of ${state.order.length} in round ${state.updates + 1}`
      const left = `${config.stepsPerProbe} steps under it and then an evaluation of held-out losses end it`
      return propose(
        {
          weights,
          summary: `${place}: mostly domain ${state.order[state.probe.at]! + 1} of ${domains}, to see what it does for all; ${left}.`,
          parts: { probe: difference(weights, state.base) },
          unchanged: `${place} is in force; ${left}, and until it comes training goes on like this.`,
          controls: { evaluateAfterSteps: config.stepsPerProbe },
        },
        current,
      )
    }
    return propose(
      {
        weights,
        summary:
          state.because ??
          `Aioli after ${state.updates} rounds of probes: domains gain that lowered the losses of all the most.`,
        parts: {
          endOfProbes: difference(state.explained, state.base),
          interaction: difference(weights, state.explained),
        },
        unchanged:
          state.phase === 'waiting'
            ? 'Waiting for an evaluation of held-out losses to begin the next round of probes; training goes on under the weights.'
            : 'The weights of this round are in force; the next probes follow when it is over.',
        controls: { evaluateAfterSteps: config.updateSteps - probeSteps(config, domains) },
      },
      current,
    )
  },
}

function beforeFirst(state: AioliState): string {
  return state.phase === 'training'
    ? 'No update yet: the run trains under the mixture it started with for the first `priorSteps`.'
    : 'No update yet: the first probe waits for an evaluation with held-out `loss` of the domains.'
}
