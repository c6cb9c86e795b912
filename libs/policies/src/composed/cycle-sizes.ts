/**
 * How much of the data each round of training uses, after the Cyclical Curriculum (arXiv 2202.05531) and its published
 * code, which has four forms of it:
 * - `fractions`: grows by 1/alpha up to `end`, shrinks by alpha down to `start`, and over again;
 * - `integers`: the same in samples, rounded, with sharp and one-way strategies;
 * - `repeated`: one way only, each size for several rounds;
 * - `cumulative`: the first part of the data, the first two parts, …, each for a number of epochs.
 */
export type CycleSizes =
  | {
      readonly form: 'fractions'
      readonly start: number
      readonly end: number
      readonly alpha: number
      readonly epochs: number
    }
  | {
      readonly form: 'integers'
      readonly samples: number
      readonly start: number
      readonly end: number
      readonly multiplier: number
      readonly strategy: 'cycle' | 'sharp_cycle' | 'lower_to_bigger' | 'bigger_to_lower'
      readonly startIncreasing: boolean
      readonly totalSamples: number
    }
  | {
      readonly form: 'repeated'
      readonly direction: 'lower_to_bigger' | 'bigger_to_lower'
      readonly edge: number
      readonly repeat: number
      readonly alpha: number
      readonly epochs: number
    }
  | { readonly form: 'cumulative'; readonly weights: readonly number[]; readonly epochs: readonly number[] }

/** More rounds than anyone trains; sizes that have not added up by then never will. */
const mostRounds = 1_000_000

/**
 * The sizes of all rounds: shares of the data, or samples in the form `integers`. They end with the round in which their
 * sum reaches what was asked for. `undefined` where they never add up to it: there the published code does not return.
 */
export function cycleSizes(cycle: CycleSizes): readonly number[] | undefined {
  switch (cycle.form) {
    case 'fractions':
      return collect(cycle.epochs, cycle.start, (size, before) => nextFraction(cycle, size, before))
    case 'integers':
      return integerSizes(cycle)
    case 'repeated':
      return repeatedSizes(cycle)
    case 'cumulative':
      return cumulativeSizes(cycle)
  }
}

/** One turn of the form `fractions`, from `start` up to where it would be at `start` again. */
export function oneCycle(cycle: {
  start: number
  end: number
  alpha: number
}): readonly number[] | undefined {
  const sizes = [cycle.start]
  let before: number | undefined
  for (let rounds = 0; rounds < mostRounds; rounds++) {
    const size = sizes.at(-1)!
    const next = nextFraction(cycle, size, before)
    if (next === cycle.start) return sizes
    sizes.push(next)
    before = size
  }
  return undefined
}

/** Adds sizes until their sum reaches the total; the last may overshoot it. */
function collect(
  total: number,
  first: number,
  next: (size: number, before: number | undefined) => number,
): readonly number[] | undefined {
  const sizes = [first]
  let sum = first
  while (sum < total) {
    const size = next(sizes.at(-1)!, sizes.at(-2))
    sizes.push(size)
    sum += size
    if (sizes.length > mostRounds) return undefined
  }
  return sizes
}

function nextFraction(
  { start, end, alpha }: { readonly start: number; readonly end: number; readonly alpha: number },
  size: number,
  before: number | undefined,
): number {
  const grows = size === start || (before !== undefined && before < size && size !== end)
  return grows ? Math.min(size * (1 / alpha), end) : Math.max(size * alpha, start)
}

/**
 * Cycles round up at each change, one-way strategies down. The size that goes on is the one before it was bounded, except
 * where a sharp cycle falls; what a round gets is bounded.
 */
function integerSizes(cycle: Extract<CycleSizes, { form: 'integers' }>): readonly number[] | undefined {
  const { samples, start, end, multiplier, strategy } = cycle
  const largest = Math.trunc(samples * Math.max(end, start))
  const smallest = Math.ceil(samples * Math.min(end, start))
  let size = Math.ceil(samples * start)
  let grows = strategy === 'lower_to_bigger' || (strategy !== 'bigger_to_lower' && cycle.startIncreasing)
  const round = strategy.endsWith('cycle') ? Math.ceil : Math.trunc
  return collect(cycle.totalSamples, size, () => {
    if (grows) {
      // Without the bound a one-way size would grow beyond all numbers.
      size = Math.min(round(size * (1 / multiplier)), Number.MAX_SAFE_INTEGER)
      if (size < largest) return size
      grows = strategy === 'lower_to_bigger'
      return largest
    }
    size = strategy === 'sharp_cycle' ? smallest : round(size * multiplier)
    if (strategy === 'bigger_to_lower') return Math.max(size, smallest)
    if (size > smallest) return size
    grows = true
    return smallest
  })
}

function repeatedSizes(cycle: Extract<CycleSizes, { form: 'repeated' }>): readonly number[] | undefined {
  const { edge, repeat, alpha, epochs } = cycle
  const growing = cycle.direction === 'lower_to_bigger'
  const sizes: number[] = []
  let size = growing ? edge : 1
  let sum = 0
  while (sum < epochs) {
    const bounded = growing ? Math.min(size, 1) : Math.max(size, edge)
    for (let i = 0; i < repeat; i++) {
      sizes.push(bounded)
      sum += bounded
    }
    if (repeat < 1 || sizes.length > mostRounds) return undefined
    size = growing ? Math.min(size * (1 / alpha), Number.MAX_VALUE) : size * alpha
  }
  return sizes
}

function cumulativeSizes(cycle: Extract<CycleSizes, { form: 'cumulative' }>): readonly number[] | undefined {
  const total = cycle.weights.reduce((sum, weight) => sum + weight, 0)
  if (!(total > 0) || cycle.epochs.length < cycle.weights.length) return undefined
  let sum = 0
  return cycle.weights.flatMap((weight, part) => {
    sum += weight
    return new Array<number>(cycle.epochs[part]!).fill(sum / total)
  })
}
