/** The finaliser of MurmurHash3 for 32 bits (Appleby, public domain): every bit of the input moves half of those of the output. */
export function scramble(value: number): number {
  let bits = value | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

/**
 * The random number of this place in the sequence of a seed: a whole number below 2³². A counter is all the state there is,
 * as in SplitMix (Steele, Lea & Flood 2014): the counter times the golden ratio of 2³², scrambled.
 */
export function randomAt(seed: number, place: number): number {
  return scramble(scramble(seed) + Math.imul(place + 1, 0x9e3779b9))
}

/** 0 … length − 1 in a random order (Fisher & Yates); takes length − 1 numbers of the sequence, from `place` on. */
export function shuffledOrder(length: number, seed: number, place: number): readonly number[] {
  const order = Array.from({ length }, (_, i) => i)
  for (let i = length - 1; i > 0; i--) {
    const chosen = Math.floor((randomAt(seed, place + length - 1 - i) / 2 ** 32) * (i + 1))
    const held = order[i]!
    order[i] = order[chosen]!
    order[chosen] = held
  }
  return order
}
