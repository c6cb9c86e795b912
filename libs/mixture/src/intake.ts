import type { EvaluationMeasured, LossesMeasured, RunFinished } from '@mixdesk/contracts'
import { createAssembler, emptyAssembly, type AssemblyState } from './assembler.js'
import { lossDomainsFault, unknownDomainFault } from './domain-fault.js'
import type { InboxEntry } from './fold-entry.js'
import { closed, ignored, rejected, waiting, type Ingested } from './ingested.js'
import { isSomebodyElses, rememberOpening } from './refused-opening.js'
import type { RunMessage } from './run-message.js'
import { count, type RunState } from './run-state.js'
import { stepTooFar } from './step-too-far.js'

/** Judges a run's messages in log order and queues what is to be folded. */
export type Intake = {
  take(message: RunMessage): Ingested
  /** Entries queued since the last call. */
  drain(): InboxEntry[]
  assembly(): AssemblyState
}

/**
 * The intake runs ahead of the fold: `attempt`, `ranks` and `over` follow the messages taken in, the state those folded.
 * With nothing queued both agree, and only then is a snapshot taken.
 */
export function openIntake(state: RunState): Intake {
  const domainCount = state.domains.length
  let { attempt, ranks, openedBy } = state
  let over = state.status !== 'running'
  let assembler = createAssembler(domainCount, state.assembly)
  let queue: InboxEntry[] = []

  const ignore = (reason: string, because: string): Ingested => {
    count(state.counts, reason)
    return ignored(because)
  }
  const enqueue = (message: RunMessage): Ingested => {
    queue.push({ kind: 'message', message })
    return closed
  }

  /** Why a message of this attempt is not taken, or undefined when it is of the current one. */
  function notCurrent(name: string, of: number): Ingested | undefined {
    if (of === attempt) return undefined
    if (of < attempt)
      return ignore('staleAttempt', `Attempt ${of} is over; the run is in attempt ${attempt}.`)
    return rejected(
      `${name}: attempt ${of} has not begun; the run is in attempt ${attempt}. Send run.resumed first.`,
    )
  }

  const rejectedFor = (fault: string | undefined) => (fault === undefined ? undefined : rejected(fault))

  function unfit(losses: LossesMeasured): Ingested | undefined {
    const { rank, step } = losses
    if (rank >= ranks)
      return rejected(
        `losses.measured: rank ${rank} doesn't exist; the run has ${ranks} ranks, counted from 0.`,
      )
    return rejectedFor(lossDomainsFault(losses, domainCount) ?? stepTooFar(step, assembler.newest()))
  }

  function takeLosses(losses: LossesMeasured): Ingested {
    if (over)
      return ignore('afterEnd', 'The run is over; losses are kept in the history, no decision rests on them.')
    const problem = notCurrent('losses.measured', losses.attempt) ?? unfit(losses)
    if (problem !== undefined) return problem
    const acceptance = assembler.accept(losses)
    count(state.counts, acceptance)
    if (acceptance !== 'accepted') return ignored(whyNot[acceptance](losses))
    let step = assembler.next()
    if (step === undefined) return waiting
    for (; step !== undefined; step = assembler.next()) queue.push({ kind: 'step', step, asks: true })
    return closed
  }

  function takeEvaluation(evaluation: EvaluationMeasured, message: RunMessage): Ingested {
    const { loss, domains } = evaluation
    if (loss !== undefined && domains === undefined && loss.length !== domainCount)
      return rejected(
        `evaluation.measured: ${loss.length} losses came, the run has ${domainCount} domains; name fewer ones by index in \`domains\`.`,
      )
    return (
      notCurrent('evaluation.measured', evaluation.attempt) ??
      rejectedFor(unknownDomainFault('evaluation.measured', domains, domainCount)) ??
      enqueue(message)
    )
  }

  function takeResume(message: Extract<RunMessage, { readonly name: 'run.resumed' }>): Ingested {
    const resumed = message.data
    if (state.status === 'refused') return ignore('afterEnd', 'The run was refused at its start.')
    if (resumed.attempt <= attempt) {
      const because = `Attempt ${resumed.attempt} has begun already${resumed.attempt < attempt ? `; the run is in attempt ${attempt}` : ''}.`
      if (!isSomebodyElses(state, message)) return ignore('duplicateResume', because)
      queue.push({ kind: 'refusedOpening', message, because, dead: false })
      return closed
    }
    rememberOpening(state, message)
    for (const step of assembler.closeUpTo(resumed.step)) queue.push({ kind: 'step', step, asks: true })
    attempt = resumed.attempt
    openedBy = message.id
    ranks = resumed.ranks ?? ranks
    over = false
    assembler = createAssembler(domainCount, emptyAssembly(ranks, state.lateness, resumed.step))
    return enqueue(message)
  }

  function takeFinish(finished: RunFinished, message: RunMessage): Ingested {
    if (over) return ignore('afterEnd', 'The run is over already.')
    const problem = notCurrent('run.finished', finished.attempt)
    if (problem !== undefined) return problem
    if (finished.openedBy !== undefined && openedBy !== undefined && finished.openedBy !== openedBy)
      return ignore('refusedFinish', `Attempt ${attempt} was opened by somebody else, whose run goes on.`)
    // The trainer has stopped: its last steps are evidence, but nobody waits for another mixture.
    for (const step of assembler.closeUpTo(Infinity)) queue.push({ kind: 'step', step, asks: false })
    over = true
    return enqueue(message)
  }

  return {
    take(message) {
      switch (message.name) {
        case 'losses.measured':
          return takeLosses(message.data)
        case 'evaluation.measured':
          return takeEvaluation(message.data, message)
        case 'run.resumed':
          return takeResume(message)
        case 'run.finished':
          return takeFinish(message.data, message)
        case 'advice.given':
        case 'mixture.applied':
        case 'mixture.refused':
        case 'checkpoint.saved':
          return notCurrent(message.name, message.data.attempt) ?? enqueue(message)
        case 'metrics.logged':
          count(state.counts, 'metrics')
          return waiting
        default:
          return enqueue(message)
      }
    },
    drain() {
      const entries = queue
      queue = []
      return entries
    },
    assembly: () => assembler.state(),
  }
}

const whyNot = {
  duplicate: ({ step, rank }: LossesMeasured) => `Rank ${rank} has reported step ${step} already.`,
  late: ({ step, rank }: LossesMeasured) => `Step ${step} closed without rank ${rank}.`,
  tooOld: ({ step, attempt }: LossesMeasured) =>
    `Step ${step} is not one that attempt ${attempt} waits for: it closed long ago, or lies before the step resumed from.`,
}
