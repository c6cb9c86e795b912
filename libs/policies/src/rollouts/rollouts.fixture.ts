import type { StepFact } from '../policy.js'

/** A step of reinforcement learning: sums by signal, `rollouts` saying who was in the batch. It carries no losses. */
export function rolloutStep(
  step: number,
  signals: { readonly rollouts: readonly number[] } & Readonly<Record<string, readonly number[]>>,
): StepFact {
  const { rollouts } = signals
  return {
    kind: 'step',
    step,
    present: rollouts.map((count) => count > 0),
    tokens: rollouts.map(() => 0),
    lossSum: rollouts.map(() => 0),
    sequences: rollouts,
    signals,
    inForce: rollouts.map(() => 1 / rollouts.length),
  }
}

/** The same told value by value: a fact for the first value of every domain, one for the second, and so on. */
export function valueByValue(
  step: number,
  signal: string,
  values: readonly (readonly number[])[],
): readonly StepFact[] {
  const longest = Math.max(1, ...values.map((list) => list.length))
  return Array.from({ length: longest }, (_, n) =>
    rolloutStep(step, {
      rollouts: values.map((list) => (n < list.length ? 1 : 0)),
      [signal]: values.map((list) => list[n] ?? 0),
    }),
  )
}
