/**
 * Quantiles 0.975 of Student's t for 1 to 30 degrees of freedom: NIST/SEMATECH e-Handbook of Statistical Methods, section
 * 1.3.6.7.2. Intervals of 95 % need no more, so that no library is needed either.
 */
const quantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]

export function tQuantile(degreesOfFreedom) {
  const quantile = quantiles[degreesOfFreedom - 1]
  if (quantile === undefined)
    throw new RangeError(
      `The table has 1 to ${quantiles.length} degrees of freedom, not ${degreesOfFreedom}.`,
    )
  return quantile
}

export const mean = (numbers) => numbers.reduce((sum, n) => sum + n, 0) / numbers.length

/** Mean of the differences of pairs, and half the width of its 95 % interval (paired t). */
export function pairedDifference(some, others) {
  const differences = some.map((n, i) => n - others[i])
  const middle = mean(differences)
  const squares = differences.reduce((sum, n) => sum + (n - middle) ** 2, 0)
  const error = Math.sqrt(squares / (differences.length - 1) / differences.length)
  return { mean: middle, halfWidth: tQuantile(differences.length - 1) * error }
}
