import { digestOf, show } from '@mixdesk/contracts'
import { findPolicy, type AdviceWanted, type AnyPolicy } from '@mixdesk/policies'
import { noEffects, type Effects } from './effects.js'
import { foldMessage, foldRefused, type InboxEntry } from './fold-entry.js'
import { foldStep } from './fold-step.js'
import { closed, covered, ignored, rejected, type Ingested } from './ingested.js'
import { openIntake, type Intake } from './intake.js'
import type { MergedStep } from './merge-step.js'
import { MixtureError } from './mixture-error.js'
import { needsLearning, type LearningNeeded } from './resume.js'
import { foldRefusedOpening, isSomebodyElses } from './refused-opening.js'
import type { RunMessage } from './run-message.js'
import { count, type Learning, type RunState } from './run-state.js'
import { initialRunState, judgeStart } from './start-run.js'

/**
 * The desk of a run: takes its messages in log order (`ingest`, cheap), and folds what has closed (`advance`).
 * Holds no clock and does no I/O; the same messages give the same effects, to the bit.
 */
export type RunDesk = {
  readonly run: string
  /** Undefined before the run has started. */
  state(): RunState | undefined
  ingest(message: RunMessage): Ingested
  /** Folds everything that waits; stops early when learning must be fetched (then `provide` it and call again). */
  advance(): { readonly effects: Effects; readonly needs?: LearningNeeded }
  provide(learning: Learning): void
  /** First offset not taken in. */
  cursor(): number
  /** Entries that wait to be folded. */
  waiting(): number
  /** The state as JSON text; only while nothing waits. */
  snapshot(): string
  /** What the policy would like to be told by somebody outside the arithmetic, as of what is folded; the answer is `advice.given`. */
  wants(): (AdviceWanted & { readonly attempt: number }) | undefined
}

/** What a replay wants to see or to know better. */
export type DeskHooks = {
  /** Called before a step is folded, with what is learned until then. */
  readonly beforeStep?: (learning: Learning, step: number) => void
  /** The mixture a step was sampled under, instead of what the desk itself issued. */
  readonly inForce?: (step: MergedStep, attempt: number) => readonly number[]
  /** The rules that the run began with, where they aren't the newest. */
  readonly rules?: number
}

export type SavedDesk = { readonly state: string; readonly cursor: number }

export function openDesk(run: string, saved?: SavedDesk, hooks: DeskHooks = {}): RunDesk {
  let state = saved === undefined ? undefined : (JSON.parse(saved.state) as RunState)
  let policy = state === undefined ? undefined : policyOf(state)
  // Settings that came after the snapshot was saved have their default.
  if (state !== undefined && policy !== undefined)
    state = {
      ...state,
      policy: { ...state.policy, config: { ...policy.defaults, ...(state.policy.config as object) } },
    }
  let intake: Intake | undefined = state === undefined ? undefined : openIntake(state)
  let cursor = saved?.cursor ?? -1
  let inbox: InboxEntry[] = []
  let provided: Learning | undefined

  function begin(message: Extract<RunMessage, { readonly name: 'run.started' }>): Ingested {
    const started = message.data
    if (state !== undefined) return beginAgain(state, message)
    const judged = judgeStart(started)
    state = initialRunState(started, judged, { id: message.id, rules: hooks.rules })
    policy = judged.ok ? judged.policy : undefined
    intake = openIntake(state)
    inbox.push({ kind: 'message', message })
    return closed
  }

  function beginAgain(
    of: RunState,
    message: Extract<RunMessage, { readonly name: 'run.started' }>,
  ): Ingested {
    const differs = of.startDigest !== digestOf(message.data)
    const because = differs
      ? `run.started: the run "${run}" has started already with other settings; choose another run id, or resume it with run.resumed.`
      : 'The run has started already, with the same settings.'
    if (isSomebodyElses(of, message)) {
      inbox.push({ kind: 'refusedOpening', message, because, dead: differs })
      return closed
    }
    if (differs) return rejected(because)
    count(of.counts, 'duplicateStart')
    return ignored(because)
  }

  function fold(
    of: RunState,
    by: AnyPolicy,
    entry: InboxEntry,
    effects: Effects,
  ): LearningNeeded | undefined {
    if (entry.kind === 'step') {
      hooks.beforeStep?.(of.learning, entry.step.step)
      foldStep(of, by, entry.step, entry.asks, effects, hooks.inForce?.(entry.step, of.attempt))
      return undefined
    }
    if (entry.kind === 'refusedOpening') {
      foldRefusedOpening(of, entry, effects)
      return undefined
    }
    const { message } = entry
    if (message.name !== 'run.resumed') {
      foldMessage(of, by, message, undefined, effects)
      return undefined
    }
    const needs = needsLearning(of, message.data)
    if (needs !== undefined && provided === undefined) return needs
    foldMessage(of, by, message, provided, effects)
    provided = undefined
    return undefined
  }

  return {
    run,
    state: () => state,
    ingest(message) {
      if (message.offset < cursor) return covered
      cursor = message.offset + 1
      if (message.name === 'run.started') return begin(message)
      if (intake === undefined)
        return rejected(`${message.name}: the run ${show(run)} has not started; send run.started first.`)
      const ingested = intake.take(message)
      if (ingested === closed) for (const entry of intake.drain()) inbox.push(entry)
      return ingested
    },
    advance() {
      const effects = noEffects()
      if (state === undefined) return { effects }
      for (let i = 0; i < inbox.length; i++) {
        if (policy === undefined) {
          foldRefused(state, inbox[i]!, effects)
          continue
        }
        const needs = fold(state, policy, inbox[i]!, effects)
        if (needs === undefined) continue
        inbox = inbox.slice(i)
        return { effects, needs }
      }
      inbox = []
      return { effects }
    },
    provide(learning) {
      provided = learning
    },
    wants() {
      if (state === undefined || policy?.wants === undefined || state.status !== 'running') return undefined
      const wanted = policy.wants(state.policy.config, state.learning.policyState)
      return wanted === undefined ? undefined : { ...wanted, attempt: state.attempt }
    },
    cursor: () => cursor,
    waiting: () => inbox.length,
    snapshot() {
      if (state === undefined || intake === undefined)
        throw new MixtureError(
          'notSavable',
          run,
          `The run ${run} has not started, so there is nothing to save.`,
        )
      if (inbox.length > 0)
        throw new MixtureError(
          'notSavable',
          run,
          `The run ${run} has ${inbox.length} entries to fold; advance it before saving it.`,
        )
      return JSON.stringify({ ...state, assembly: intake.assembly() })
    },
  }
}

/** A run keeps the formula it began with: going on with another one would give decisions that no replay finds again. */
function policyOf(state: RunState): AnyPolicy | undefined {
  if (state.status === 'refused') return undefined
  const { name, version } = state.policy
  const policy = findPolicy(name)
  if (policy === undefined)
    throw new MixtureError(
      'policyUnknown',
      state.run,
      `The run ${state.run} is mixed by the policy "${name}", which is not here.`,
    )
  if (policy.version !== version)
    throw new MixtureError(
      'policyVersionChanged',
      state.run,
      `The run ${state.run} is mixed by version ${version} of ${name}, but version ${policy.version} is here; go on with the software it began with.`,
    )
  return policy
}
