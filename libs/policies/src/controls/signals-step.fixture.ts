import type { StepFact } from '../policy.js'

/** A step that carries these signals, one number a domain; `undefined` for a domain that was not in it. */
export function signalsStep(
  step: number,
  signals: Readonly<Record<string, readonly (number | undefined)[]>>,
): StepFact {
  const columns = Object.values(signals)
  const present = columns[0]!.map((_, i) => columns.every((column) => column[i] !== undefined))
  const nothing = present.map(() => 0)
  return {
    kind: 'step',
    step,
    present,
    tokens: nothing,
    lossSum: nothing,
    signals: Object.fromEntries(
      Object.entries(signals).map(([name, column]) => [name, column.map((value) => value ?? 0)]),
    ),
    inForce: present.map(() => 1 / present.length),
  }
}
