import type { EvaluationFact, StepFact } from '../policy.js'

/** How a loss is changed before a policy sees it. */
export type LossFilter = {
  readonly lowest: number | null
  readonly highest: number | null
  readonly reference: 'none' | 'given' | 'firstWindow' | 'signal'
  readonly relation: 'difference' | 'ratio'
  readonly window: number
  readonly smoothing: number
}

/** What a filter keeps of each domain's losses, in domain order. */
export type FilterMemory = {
  /** Mean of the first values of the domain, and how many there have been. */
  readonly first: readonly number[]
  readonly counted: readonly number[]
  /** Moving average; null before the first value. */
  readonly average: readonly (number | null)[]
}

export const emptyMemory = (domains: number): FilterMemory => ({
  first: new Array<number>(domains).fill(0),
  counted: new Array<number>(domains).fill(0),
  average: new Array<null>(domains).fill(null),
})

/** The signal whose sum by domain is the loss of a reference model. */
export const referenceSignal = 'refLossSum'

/** A copy of a memory that one fact may write to. */
const copyOf = ({ first, counted, average }: FilterMemory) => ({
  first: [...first],
  counted: [...counted],
  average: [...average],
})

/**
 * The filtered loss of a domain, which its memory keeps; null where it has no usable reference or nothing finite.
 * `reference` is what the loss is held against, null where nothing is given and the memory may know.
 */
function filteredLoss(
  filter: LossFilter,
  { first, counted, average }: ReturnType<typeof copyOf>,
  i: number,
  loss: number,
  reference: number | null,
): number | null {
  const clipped = Math.min(Math.max(loss, filter.lowest ?? -Infinity), filter.highest ?? Infinity)
  if (filter.reference === 'firstWindow' && counted[i]! < filter.window) {
    const count = counted[i]! + 1
    // Divided before it is added, so that no two large ones overflow.
    first[i] = first[i]! + (clipped / count - first[i]! / count) + 0
    counted[i] = count
  }
  const held =
    filter.reference === 'none'
      ? clipped
      : related(filter, clipped, filter.reference === 'firstWindow' ? first[i]! : reference)
  if (held === null || !Number.isFinite(held)) return null
  const before = average[i] ?? null
  const smoothed = before === null ? held : filter.smoothing * before + (1 - filter.smoothing) * held
  average[i] = smoothed + 0
  return smoothed + 0
}

function related({ relation }: LossFilter, value: number, reference: number | null): number | null {
  if (reference === null || !Number.isFinite(reference)) return null
  if (relation === 'difference') return value - reference
  return reference > 0 ? value / reference : null
}

/** A step as the policy sees it: loss sums are the filtered mean loss times tokens; a domain that has none is absent. */
export function filterStep(
  filter: LossFilter,
  before: FilterMemory,
  given: readonly number[] | null,
  fact: StepFact,
): { readonly fact: StepFact; readonly memory: FilterMemory } {
  const { present, tokens, signals } = fact
  const references = signals[referenceSignal]
  const memory = copyOf(before)
  const lossSum = [...fact.lossSum]
  const lost: number[] = []
  for (let i = 0; i < lossSum.length; i++) {
    const count = tokens[i]!
    if (present[i] !== true || !(count > 0 && count < Infinity)) continue
    const mean = lossSum[i]! / count
    const reference =
      filter.reference !== 'signal'
        ? (given?.[i] ?? null)
        : references === undefined
          ? null
          : references[i]! / count
    const loss = Number.isFinite(mean) ? filteredLoss(filter, memory, i, mean, reference) : null
    lossSum[i] = loss === null ? NaN : loss * count + 0
    if (!Number.isFinite(lossSum[i])) lost.push(i)
  }
  const seen = { ...fact, lossSum }
  return { fact: lost.length > 0 ? without(lost, seen) : seen, memory }
}

/** Takes domains out of a step. */
function without(lost: readonly number[], fact: StepFact): StepFact {
  const kept = (values: readonly number[]) => {
    const copy = [...values]
    for (const i of lost) copy[i] = 0
    return copy
  }
  const gone = new Set(lost)
  const { sequences } = fact
  return {
    ...fact,
    present: fact.present.map((present, i) => present && !gone.has(i)),
    tokens: kept(fact.tokens),
    lossSum: kept(fact.lossSum),
    ...(sequences === undefined ? {} : { sequences: kept(sequences) }),
    signals: Object.fromEntries(Object.entries(fact.signals).map(([name, values]) => [name, kept(values)])),
  }
}

/** An evaluation as the policy sees it; a domain without a filtered loss was not evaluated. Scores stay. */
export function filterEvaluation(
  filter: LossFilter,
  before: FilterMemory,
  given: readonly number[] | null,
  fact: EvaluationFact,
): { readonly fact: EvaluationFact; readonly memory: FilterMemory } {
  const memory = copyOf(before)
  const loss = fact.loss.map((value, i) =>
    value === null || !Number.isFinite(value)
      ? null
      : filteredLoss(filter, memory, i, value, given?.[i] ?? null),
  )
  return { fact: { ...fact, loss }, memory }
}
