/** Chance that can be had again: the same seed gives the same numbers. */
export type Seeded = {
  readonly seed: number
  /** At least 0, less than 1. */
  next(): number
  /** A whole number from `least` to `most`, both possible. */
  between(least: number, most: number): number
  pick<T>(items: readonly T[]): T
}

/** Mulberry32. Without a given seed a new one is taken: print it, so that a failure can be had again. */
export function seeded(given?: string | number): Seeded {
  const seed = given === undefined || given === '' ? Date.now() % 1_000_000_007 : Number(given)
  if (!Number.isInteger(seed)) throw new Error(`A seed is a whole number, ${String(given)} came.`)
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return { seed, next, between, pick: (items) => items[between(0, items.length - 1)]! }
}
