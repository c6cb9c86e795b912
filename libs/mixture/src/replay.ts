import { defaultCadence, type Guards, type LedgerData, type RunStarted } from '@mixdesk/contracts'
import { compareDecisions, type Comparison } from './compare-decisions.js'
import { recordedMixtures } from './recorded-mixtures.js'
import { createRefold } from './refold.js'
import type { RunMessage } from './run-message.js'
import { sideBySide, type SideBySide } from './side-by-side.js'
import { judgeStart, policyStartOf } from './start-run.js'

/** The run as it was, to prove its decisions; or with something else in the policy's place. */
export type ReplayChoice =
  | { readonly kind: 'same' }
  | {
      readonly kind: 'other'
      readonly policy: string
      readonly config?: unknown
      /** Left out: the run's own. */
      readonly guards?: Guards
      readonly cadence?: number
    }

/** Said with every replay of another policy. */
export const offPolicyWarning =
  'The losses were recorded under the mixtures the run really had: what the other policy decides from them is exact, but how training would have gone under its mixtures is unknown.'

type Decided = LedgerData<'MixtureDecided'>

export type ReplayReport =
  | ({ readonly kind: 'same'; readonly messages: number } & Comparison)
  | {
      readonly kind: 'other'
      readonly messages: number
      readonly offPolicyWarning: string
      readonly steps: readonly SideBySide[]
      /** Where the other policy began to hold, and why: a signal that the run never carried, for one. */
      readonly holds: readonly { readonly step: number; readonly because: string }[]
      /** Means over the steps at which either decided; null where there is none. */
      readonly meanTotalVariation: number | null
      readonly meanEffectiveSampleShare: number | null
    }

export type Replay = {
  /** Why the choice can't be replayed, in sentences; when there are any, nothing is decided. */
  readonly problems: readonly string[]
  /** Folds one message; in log order. `run.started` may be among them or not. */
  take(message: RunMessage): void
  decisions(): readonly Decided[]
  holds(): readonly LedgerData<'MixtureHeld'>[]
  finish(): ReplayReport
}

export type ReplayOptions = {
  /** Steps from which the run was resumed; without them, a resume may go 4096 steps back. See `createRefold`. */
  readonly resumes?: Iterable<number>
  /** CloudEvents id of the recorded run.started (the ledger's `RunStarted`, `openedBy`), where it has one. */
  readonly openedBy?: string
  /** Of the same fact: the rules that the run began with. Left out: the newest. */
  readonly rules?: number
}

/**
 * Feeds a recorded run to the same desk that decided it, or to another policy. Of another policy's run, people's requests
 * are part, for they are part of the log; acknowledgements are not, for they speak of other mixtures; and a step counts as
 * sampled under the recorded mixture.
 */
export function createReplay(
  started: RunStarted,
  choice: ReplayChoice,
  recorded: readonly Decided[] = [],
  options: ReplayOptions = {},
): Replay {
  const other = choice.kind === 'other'
  const settings = other ? withChoice(started, choice) : started
  const judged = judgeStart(settings)
  const problems = judged.ok ? [] : judged.problems
  const startWeights = policyStartOf(started).weights
  const refold = createRefold(started.run, options.resumes, {
    ...(other ? { inForce: recordedMixtures(startWeights, recorded) } : {}),
    ...(options.rules === undefined ? {} : { rules: options.rules }),
  })
  const decisions: Decided[] = []
  const holds: LedgerData<'MixtureHeld'>[] = []
  let messages = 0

  function fold(message: RunMessage): void {
    for (const { events } of refold.take(message))
      for (const event of events) {
        if (event.type === 'MixtureDecided') decisions.push(event.data)
        else if (event.type === 'MixtureHeld') holds.push(event.data)
      }
  }
  const opened = options.openedBy === undefined ? {} : { id: options.openedBy }
  fold({ name: 'run.started', data: settings, offset: -1, ...opened })

  return {
    problems,
    take(message) {
      messages++
      // It has begun already: the recorded start may lie before what is read, and has other settings than another policy's.
      if (message.name === 'run.started') return
      if (other && (message.name === 'mixture.applied' || message.name === 'mixture.refused')) return
      fold(message)
    },
    decisions: () => decisions,
    holds: () => holds,
    finish() {
      if (!other) return { kind: 'same', messages, ...compareDecisions(recorded, decisions) }
      const steps = problems.length > 0 ? [] : sideBySide(recorded, decisions, startWeights)
      return {
        kind: 'other',
        messages,
        offPolicyWarning,
        steps,
        holds: holds.map(({ step, because }) => ({ step, because })),
        meanTotalVariation: mean(steps.map((one) => one.totalVariation)),
        meanEffectiveSampleShare: mean(steps.flatMap((one) => one.effectiveSampleShare ?? [])),
      }
    },
  }
}

function withChoice(started: RunStarted, choice: Extract<ReplayChoice, { kind: 'other' }>): RunStarted {
  const {
    policy: name,
    config,
    guards = started.guards,
    cadence = started.cadence ?? defaultCadence,
  } = choice
  const policy = config === undefined ? { name } : { name, config: config as Record<string, unknown> }
  return { ...started, policy, cadence, ...(guards === undefined ? {} : { guards }) }
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value / values.length, 0)
