import { stepFact } from './step-fact.mjs'

/**
 * A step whose values are listed one by one, `{ domain: [value …] }`, as facts with one value a domain each, so that
 * windows hold the values themselves. A step without values is one fact that nobody is in.
 */
export function valueByValue(step, domains, values, signal, current) {
  const lists = domains.map((name) => values[name] ?? [])
  const longest = Math.max(1, ...lists.map((list) => list.length))
  return Array.from({ length: longest }, (_, n) =>
    rolloutFact(
      step,
      {
        rollouts: lists.map((list) => (n < list.length ? 1 : 0)),
        [signal]: lists.map((list) => (n < list.length ? list[n] : 0)),
      },
      current,
    ),
  )
}

/** One fact with sums over all values of a step, each taken through `size`. */
export function valuesSummed(step, domains, values, { signal, size = (value) => value }, current) {
  const lists = domains.map((name) => values[name] ?? [])
  const total = (list) => (list.includes(null) ? null : list.reduce((sum, value) => sum + size(value), 0))
  return rolloutFact(step, { rollouts: lists.map((list) => list.length), [signal]: lists.map(total) }, current)
}

/** A step of rollouts; the rules read no losses. */
export function rolloutFact(step, signals, current) {
  const none = current.map(() => 0)
  return stepFact(step, { tokens: none, lossSum: none, sequences: signals.rollouts, signals }, current)
}

const deviations = { unbiased: 'unbiased', sample: 'unbiased', population: 'population', biased: 'population' }

/** How a recording says its deviation: by name, by a switch, or by what is taken from the divisor; left out, unbiased. */
export function advantageOptions({ epsilon, deviation, standardDeviation, std, unbiased, ddof }) {
  const named = deviation ?? standardDeviation ?? std
  if (named !== undefined) return { epsilon, deviation: deviations[named] }
  if (unbiased === false || ddof === 0) return { epsilon, deviation: 'population' }
  return { epsilon, deviation: 'unbiased' }
}

export const advantageSettings = ['epsilon', 'deviation', 'standardDeviation', 'std', 'unbiased', 'ddof']
