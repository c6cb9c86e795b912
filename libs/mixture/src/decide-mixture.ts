import {
  decisionIdOf,
  textDigest,
  evidenceHex,
  type GuardBite,
  type LedgerData,
  type MixtureSet,
} from '@mixdesk/contracts'
import type { AnyPolicy } from '@mixdesk/policies'
import type { Effects } from './effects.js'
import { addIssued, withMixture } from './issued.js'
import { identityOf, openedByOf, type RunState } from './run-state.js'

export const policyUsed = ({ policy: { name, version, configDigest } }: RunState) => ({
  name,
  version,
  configDigest,
})

export type Chosen = {
  readonly weights: readonly number[]
  readonly proposed: readonly number[]
  readonly reasons: {
    readonly summary: string
    readonly parts: { readonly [term: string]: readonly number[] }
  }
  readonly bites: readonly GuardBite[]
  readonly controls?: { readonly [name: string]: unknown } | undefined
  /** A resumed run issues the mixture it had: nothing was decided, so evidence and policy go on as if nothing had happened. */
  readonly reissue?: boolean
}

/** Makes a mixture the run's next version: a fact for the ledger and a command for the trainer. */
export function decide(state: RunState, policy: AnyPolicy, chosen: Chosen, effects: Effects): void {
  const { learning } = state
  const version = state.version + 1
  const fromStep = learning.step + 1
  const used = policyUsed(state)
  const decisionId = decisionIdOf(state.run, state.attempt, learning.step, used.name, version)
  const { controls } = chosen
  const decided: LedgerData<'MixtureDecided'> = {
    ...identityOf(state),
    decisionId,
    version,
    step: learning.step,
    fromStep,
    weights: [...chosen.weights],
    proposed: [...chosen.proposed],
    previous: [...learning.weights],
    meaning: policy.meaning,
    ...(controls === undefined ? {} : { controls: { ...controls } }),
    policy: used,
    because: { summary: chosen.reasons.summary, parts: mutableParts(chosen.reasons.parts) },
    guards: [...chosen.bites],
    evidence: {
      ...learning.since,
      toStep: learning.since.steps > 0 ? learning.step : -1,
      digest: evidenceHex(learning.evidence),
    },
    stateDigest: textDigest(JSON.stringify(learning.policyState)),
  }
  effects.events.push({ type: 'MixtureDecided', data: decided })
  const command = commandOf(decided, state.openedBy)
  effects.commands.push({ ...command, domains: namesOf(state) })
  state.lastCommand = command
  state.version = version
  state.lastHold = null
  addIssued(state, version, fromStep)
  const { controls: _, ...others } = learning
  const learned = {
    ...others,
    ...(controls === undefined ? {} : { controls }),
    mixtures: withMixture(learning.mixtures, version, chosen.weights),
  }
  if (chosen.reissue === true) {
    state.learning = learned
    return
  }
  state.learning = {
    ...learned,
    policyState: policy.evolve(state.policy.config, learning.policyState, {
      kind: 'mixture',
      step: learning.step,
      weights: chosen.weights,
    }),
    weights: chosen.weights,
    since: { fromStep: -1, steps: 0, observations: 0, tokens: 0 },
  }
}

/** Sends the newest mixture once more: it is the whole desired state, so the second time is harmless. */
export function resend(state: RunState, effects: Effects): void {
  if (state.lastCommand !== null) effects.commands.push({ ...state.lastCommand, domains: namesOf(state) })
}

const namesOf = (state: RunState): string[] => state.domains.map((domain) => domain.name)

/** The whole desired state, for the trainer, wherever it asks; the domains' names go beside it. */
export function commandOf(
  decided: LedgerData<'MixtureDecided'>,
  openedBy: string | undefined,
): Omit<MixtureSet, 'domains'> {
  const { run, attempt, version, fromStep, weights, meaning, controls, step, policy, decisionId, because } =
    decided
  return {
    run,
    attempt,
    ...openedByOf(openedBy === undefined ? {} : { openedBy }),
    version,
    fromStep,
    weights,
    meaning,
    ...(controls === undefined ? {} : { controls }),
    lifecycle: 'train',
    decidedAtStep: step,
    policy: { name: policy.name, version: policy.version },
    decisionId,
    because: because.summary,
  }
}

const mutableParts = (parts: { readonly [term: string]: readonly number[] }): Record<string, number[]> =>
  Object.fromEntries(Object.entries(parts).map(([term, values]) => [term, [...values]]))
