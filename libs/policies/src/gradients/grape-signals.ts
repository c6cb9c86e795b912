import { meanSignal } from '../rollouts/mean-signal.js'
import type { StepFact } from '../policy.js'

/** Where the improvement of a task comes from. */
export type TaskRates = 'alignment' | 'signals' | 'evaluations'

export function taskSignal(kind: 'taskAlignment' | 'taskRate', task: string): string {
  return `${kind}.${task}`
}

/** Inner products of a domain's gradient with the gradient of every task's log loss; undefined where one is missing. */
export type Alignments = readonly (readonly number[] | undefined)[]

export function taskAlignments(tasks: readonly string[], fact: StepFact): Alignments {
  const columns = tasks.map((task) => fact.signals[taskSignal('taskAlignment', task)])
  const { gradientReports } = fact.signals
  return fact.present.map((_, k) => {
    const row: number[] = []
    for (const column of columns) {
      const alignment = meanSignal(fact, column, gradientReports, k)
      if (alignment === undefined) return undefined
      row.push(alignment)
    }
    return row
  })
}

/** ⟨∇ ln l(n), training gradient⟩ of every task; `null` where nothing says it. */
export function taskRates(
  from: 'alignment' | 'signals',
  tasks: readonly string[],
  alignments: Alignments,
  fact: StepFact,
): readonly (number | null)[] {
  return from === 'alignment'
    ? mixtureRates(tasks.length, alignments, fact.inForce)
    : tasks.map((task) => reportedRate(fact, fact.signals[taskSignal('taskRate', task)]))
}

/** The training gradient is the mixture's: rates are the alignments of the reported domains, weighed by what was in force. */
function mixtureRates(
  tasks: number,
  alignments: Alignments,
  inForce: readonly number[],
): readonly (number | null)[] {
  const rates = new Array<number>(tasks).fill(0)
  let mass = 0
  alignments.forEach((row, k) => {
    if (row === undefined || !(inForce[k]! > 0)) return
    mass += inForce[k]!
    for (let n = 0; n < tasks; n++) rates[n]! += inForce[k]! * row[n]!
  })
  return mass > 0 ? rates.map((rate) => rate / mass) : rates.map(() => null)
}

function reportedRate(fact: StepFact, column: readonly number[] | undefined): number | null {
  let total: number | null = null
  for (let k = 0; k < fact.present.length; k++) {
    const rate = meanSignal(fact, column, fact.signals['gradientReports'], k)
    if (rate !== undefined) total = (total ?? 0) + rate
  }
  return total
}

/** Inner product of each domain's gradient with the tasks' mixed by their weights; `null` for domains without a report. */
export function mixedAlignments(
  alignments: Alignments,
  taskWeights: readonly number[],
): readonly (number | null)[] {
  return alignments.map((row) => {
    if (row === undefined) return null
    let mixed = 0
    for (let n = 0; n < taskWeights.length; n++) mixed += taskWeights[n]! * row[n]!
    return mixed
  })
}
