import { fitLine } from '../numerics/fit-line.js'

/** What was measured at one size: parameters of a model, or tokens it was trained on. */
export type SizedLoss = { readonly size: number; readonly loss: number }

/** loss = irreducible + scale · (size / unit)^−exponent; `unit` is the smallest size, which keeps the numbers handy. */
export type PowerLaw = {
  readonly irreducible: number
  readonly scale: number
  readonly exponent: number
  readonly unit: number
}

/** Exponents looked at; Chinchilla's are 0.34 and 0.28. */
const exponents = { least: 1e-3, most: 4, grid: 48 }

/**
 * The law E + A/N^α of Hoffmann et al. (2022, arXiv 2203.15556, equation 2) in one size, the other being fixed, with
 * E ≥ 0 and A ≥ 0: least squares, linear for every α, α by a grid and a golden-section search. No chance, no start values.
 * Two sizes leave one number open: E is 0 then, which is the steepest law through both. Undefined for fewer sizes.
 * (The paper minimises a Huber loss on logarithms; for points that lie on a law both find it.)
 */
export function fitPowerLaw(points: readonly SizedLoss[]): PowerLaw | undefined {
  const sizes = new Set(points.map(({ size }) => size))
  if (sizes.size < 2) return undefined
  const unit = Math.min(...sizes)
  const logs = points.map(({ size }) => Math.log(size / unit))
  const losses = points.map(({ loss }) => loss)
  const highest = sizes.size > 2 ? Infinity : 0
  const at = (logExponent: number) => fitFor(Math.exp(logExponent), logs, losses, highest)

  const from = Math.log(exponents.least)
  const width = (Math.log(exponents.most) - from) / exponents.grid
  let best = from
  let least = at(best).error
  for (let i = 1; i <= exponents.grid; i++) {
    const { error } = at(from + i * width)
    if (error < least) [best, least] = [from + i * width, error]
  }
  const exponent = narrow(
    (x) => at(x).error,
    Math.max(from, best - width),
    Math.min(Math.log(exponents.most), best + width),
  )
  const { irreducible, scale } = at(exponent)
  return { irreducible, scale, exponent: Math.exp(exponent), unit }
}

/** What the law says for a size; its irreducible loss for an infinite one. */
export function predictLoss({ irreducible, scale, exponent, unit }: PowerLaw, size: number): number {
  return irreducible + scale * Math.pow(size / unit, -exponent)
}

type Fit = { readonly irreducible: number; readonly scale: number; readonly error: number }

/** The best E and A for one exponent, neither below 0. */
function fitFor(exponent: number, logs: readonly number[], losses: readonly number[], highest: number): Fit {
  const powers = logs.map((log) => Math.exp(-exponent * log))
  const equally = losses.map(() => 1)
  const { constant: irreducible, slope: scale } = fitLine(powers, losses, equally, { lowest: 0, highest })
  const off = powers.map((power, i) => irreducible + scale * power - losses[i]!)
  return { irreducible, scale, error: off.reduce((total, one) => total + one * one, 0) }
}

/** Golden-section search for the least value of a function between two points. */
function narrow(valueAt: (x: number) => number, from: number, to: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2
  let [low, high] = [from, to]
  let [left, right] = [high - ratio * (high - low), low + ratio * (high - low)]
  let [atLeft, atRight] = [valueAt(left), valueAt(right)]
  for (let i = 0; i < 60; i++) {
    if (atLeft <= atRight) {
      ;[high, right, atRight] = [right, left, atLeft]
      left = high - ratio * (high - low)
      atLeft = valueAt(left)
    } else {
      ;[low, left, atLeft] = [left, right, atRight]
      right = low + ratio * (high - low)
      atRight = valueAt(right)
    }
  }
  return (low + high) / 2
}
