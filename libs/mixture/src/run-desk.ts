import { digestOf, show, type EvaluationMeasured, type LossesMeasured, type RunStarted } from '@mixdesk/contracts'
import { findPolicy, type AnyPolicy } from '@mixdesk/policies'
import { createAssembler, emptyAssembly, type Assembler } from './assembler.js'
import { noEffects, type Effects } from './effects.js'
import { foldEntry, needsLearning, type InboxEntry } from './fold-entry.js'
import { initialRunState, judgeStart } from './start-run.js'
import { count, type Learning, type RunState } from './run-state.js'
import type { RunMessage } from './run-message.js'

/**
 * `closed`: a step closed or something else waits to be folded: ring. `waiting`: taken in, nothing to do yet.
 * `covered`: folded before the snapshot was taken. `ignored`: counted and left. `rejected`: for the dead letters.
 */
export type Ingested = { readonly kind: 'closed' | 'waiting' | 'covered' } | { readonly kind: 'ignored' | 'rejected'; readonly because: string }

/** Learning that must be fetched before the run can go on: it resumes from a step that lies behind. */
export type LearningNeeded = { readonly run: string; readonly step: number; readonly beforeAttempt: number }

/**
 * One run, from the log to its decisions. A step beyond this is taken for a mistake: it would close every open step and
 * make all that follows late.
 */
const farthestJump = 1_000_000

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
}

export function openDesk(run: string, saved?: { readonly state: string; readonly cursor: number }): RunDesk {
  let state = saved === undefined ? undefined : (JSON.parse(saved.state) as RunState)
  let policy = state === undefined ? undefined : findPolicy(state.policy.name)
  let cursor = saved?.cursor ?? -1
  let assembler: Assembler | undefined = state && createAssembler(state.domains.length, state.assembly)
  // What the messages taken in amount to, ahead of the state, which only knows those folded.
  let attempt = state?.attempt ?? 0
  let ranks = state?.ranks ?? 0
  let over = state !== undefined && state.status !== 'running'
  let inbox: InboxEntry[] = []
  let provided: Learning | undefined

  const ignore = (reason: string, because: string): Ingested => {
    if (state !== undefined) count(state.counts, reason)
    return { kind: 'ignored', because }
  }
  const reject = (because: string): Ingested => ({ kind: 'rejected', because })
  const enqueue = (entry: InboxEntry): Ingested => {
    inbox.push(entry)
    return { kind: 'closed' }
  }

  function begin(started: RunStarted, message: RunMessage): Ingested {
    if (state !== undefined) {
      if (state.startDigest === digestOf(started)) return ignore('duplicateStart', 'The run has started already, with the same settings.')
      return reject(`run.started: the run "${run}" has started already with other settings; choose another run id, or resume it with run.resumed.`)
    }
    const judged = judgeStart(started)
    state = initialRunState(started, judged)
    policy = judged.ok ? judged.policy : undefined
    assembler = createAssembler(started.domains.length, state.assembly)
    ;({ attempt, ranks } = state)
    over = !judged.ok
    return enqueue({ kind: 'message', message })
  }

  function takeLosses(losses: LossesMeasured, domainCount: number): Ingested {
    if (over) return ignore('afterEnd', `The run is ${state!.status === 'running' ? 'finished' : state!.status}; losses are kept in the history, no decision rests on them.`)
    if (losses.attempt < attempt) return ignore('staleAttempt', `Attempt ${losses.attempt} is over; the run is in attempt ${attempt}.`)
    if (losses.attempt > attempt) return reject(`losses.measured: attempt ${losses.attempt} has not begun; the run is in attempt ${attempt}. Send run.resumed first.`)
    if (losses.rank >= ranks) return reject(`losses.measured: rank ${losses.rank} doesn't exist; the run has ${ranks} ranks, counted from 0.`)
    if (losses.domains === undefined) {
      if (losses.tokens.length !== domainCount)
        return reject(`losses.measured: ${losses.tokens.length} domains came, the run has ${domainCount}. The list is fixed at the start; name fewer ones by index in \`domains\`.`)
    } else {
      const unknown = losses.domains.find((index) => index >= domainCount)
      if (unknown !== undefined) return reject(`losses.measured: there is no domain with index ${unknown}; the run has ${domainCount}, counted from 0.`)
    }
    const newest = assembler!.newest()
    if (newest >= 0 && losses.step - newest > farthestJump) return reject(`losses.measured: step ${losses.step} lies more than ${farthestJump} steps ahead of ${newest}, the newest so far.`)
    const acceptance = assembler!.accept(losses)
    count(state!.counts, acceptance)
    if (acceptance !== 'accepted') return { kind: 'ignored', because: acceptance === 'late' ? `Step ${losses.step} closed without this rank.` : 'This rank has reported this step already.' }
    let closed = false
    for (let step = assembler!.next(); step !== undefined; step = assembler!.next()) {
      inbox.push({ kind: 'step', step, asks: true })
      closed = true
    }
    return { kind: closed ? 'closed' : 'waiting' }
  }

  function takeEvaluation(evaluation: EvaluationMeasured, message: RunMessage, domainCount: number): Ingested {
    const { loss, domains } = evaluation
    if (loss !== undefined && domains === undefined && loss.length !== domainCount) return reject(`evaluation.measured: ${loss.length} losses came, the run has ${domainCount} domains; name fewer ones by index in \`domains\`.`)
    const unknown = domains?.find((index) => index >= domainCount)
    if (unknown !== undefined) return reject(`evaluation.measured: there is no domain with index ${unknown}; the run has ${domainCount}, counted from 0.`)
    return enqueue({ kind: 'message', message })
  }

  function take(message: RunMessage): Ingested {
    if (message.name === 'run.started') return begin(message.data, message)
    if (state === undefined || assembler === undefined) return reject(`${message.name}: the run ${show(run)} has not started; send run.started first.`)
    const domainCount = state.domains.length
    switch (message.name) {
      case 'losses.measured':
        return takeLosses(message.data, domainCount)
      case 'evaluation.measured':
        return takeEvaluation(message.data, message, domainCount)
      case 'run.resumed':
        if (state.status === 'refused') return ignore('afterEnd', 'The run was refused at its start.')
        if (message.data.attempt <= attempt) return ignore('duplicateResume', `Attempt ${message.data.attempt} has begun already.`)
        for (const step of assembler.closeUpTo(message.data.step)) inbox.push({ kind: 'step', step, asks: true })
        attempt = message.data.attempt
        ranks = message.data.ranks ?? ranks
        over = false
        assembler = createAssembler(domainCount, emptyAssembly(ranks, state.lateness, message.data.step))
        return enqueue({ kind: 'message', message })
      case 'run.finished':
        if (over) return ignore('afterEnd', 'The run is over already.')
        if (message.data.attempt !== attempt) return ignore('staleAttempt', `Attempt ${message.data.attempt} is not the current one, ${attempt}.`)
        // The trainer has stopped: its last steps are evidence, but nobody waits for another mixture.
        for (const step of assembler.closeUpTo(Infinity)) inbox.push({ kind: 'step', step, asks: false })
        over = true
        return enqueue({ kind: 'message', message })
      case 'metrics.logged':
        count(state.counts, 'metrics')
        return { kind: 'waiting' }
      default:
        return enqueue({ kind: 'message', message })
    }
  }

  return {
    run,
    state: () => state,
    ingest(message) {
      if (message.offset < cursor) return { kind: 'covered' }
      cursor = message.offset + 1
      return take(message)
    },
    advance() {
      const effects = noEffects()
      if (state === undefined) return { effects }
      for (let i = 0; i < inbox.length; i++) {
        const entry = inbox[i]!
        const needs = provided === undefined ? needsLearning(state, entry) : undefined
        if (needs !== undefined) {
          inbox = inbox.slice(i)
          return { effects, needs }
        }
        foldEntry(state, policy as AnyPolicy | undefined, entry, provided, effects)
        if (entry.kind === 'message' && entry.message.name === 'run.resumed') provided = undefined
      }
      inbox = []
      return { effects }
    },
    provide(learning) {
      provided = learning
    },
    cursor: () => cursor,
    waiting: () => inbox.length,
    snapshot() {
      if (state === undefined || assembler === undefined) throw new Error(`The run ${run} has not started, so there is nothing to save.`)
      if (inbox.length > 0) throw new Error(`The run ${run} has ${inbox.length} entries to fold; advance it before saving it.`)
      return JSON.stringify({ ...state, assembly: assembler.state() })
    },
  }
}
