/** Sums the parts of an observation that was split over ranks, field by field; a number that is missing makes the sum null. */
export function wholeObservation(observation) {
  const { parts } = observation
  if (parts === undefined) return observation
  const fields = Object.keys(parts[0]).filter((field) => Array.isArray(parts[0][field]))
  return Object.fromEntries(
    fields.map((field) => [
      field,
      parts[0][field].map((_, i) => {
        const numbers = parts.map((part) => part[field][i])
        return numbers.includes(null) ? null : numbers.reduce((a, b) => a + b, 0)
      }),
    ]),
  )
}

/**
 * A step as the policies see it. `sequences` says who was in the batch; a domain with a number that is missing or not
 * finite counts as absent, as it does on its way in.
 */
export function stepFact(step, { tokens, lossSum, sequences, signals = {} }, inForce) {
  const columns = [tokens, lossSum, sequences, ...Object.values(signals)]
  const present = tokens.map((_, i) => sequences[i] !== 0 && columns.every((column) => Number.isFinite(column[i])))
  const only = (column) => column.map((value, i) => (present[i] ? value : 0))
  return {
    kind: 'step',
    step,
    present,
    tokens: only(tokens),
    lossSum: only(lossSum),
    sequences: only(sequences),
    signals: Object.fromEntries(Object.entries(signals).map(([name, column]) => [name, only(column)])),
    inForce,
  }
}
