/**
 * xoshiro128** 1.1 by Blackman and Vigna (2018), https://prng.di.unimi.it/xoshiro128starstar.c, public domain:
 * 32-bit integers only, so the same numbers everywhere. Seeded by mixing any number of keys, so that the noise of a
 * step does not depend on what was drawn before it.
 */
export type Random = {
  /** The next unsigned 32-bit integer. */
  next(): number
  /** The next number in [0, 1), with 32 bits. */
  uniform(): number
  /** About normal, mean 0 and variance 1: four uniforms added, so never beyond ±3.5. Exact arithmetic, no logarithm. */
  gauss(): number
}

const rotl = (x: number, k: number) => (x << k) | (x >>> (32 - k))

/** A generator with the given state, which must not be all zeros. */
export function xoshiro128(a: number, b: number, c: number, d: number): Random {
  const next = () => {
    const result = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotl(d, 11)
    return result
  }
  const uniform = () => next() / 2 ** 32
  return { next, uniform, gauss: () => (uniform() + uniform() + uniform() + uniform() - 2) * Math.sqrt(3) }
}

/** MurmurHash3's finaliser: every bit of the input moves every bit of the output. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}

/** A generator for these keys (integers); other keys give unrelated numbers. */
export function randomFor(...keys: readonly number[]): Random {
  let hash = 0x9e3779b9
  for (const key of keys) {
    hash = mix((hash + key) | 0)
    hash = mix((hash + Math.floor(key / 2 ** 32) + 0x9e3779b9) | 0)
  }
  const word = () => {
    hash = (hash + 0x9e3779b9) | 0
    return mix(hash)
  }
  // The last bit is set so that the state is never all zeros.
  return xoshiro128(word(), word(), word(), word() | 1)
}
