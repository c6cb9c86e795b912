// What is compared: the held-out losses a run ended with, and pairs of runs with the same seed.
import { mean, pairedDifference } from '../worlds/paired.mjs'

/** The keys of the runs of a policy that are comparable: those whose partner on equal weights is there too. */
export const seedsOf = ({ runs }, policy) =>
  Object.keys(runs)
    .filter((key) => key.slice(0, key.lastIndexOf('/')) === policy)
    .map((key) => Number(key.slice(key.lastIndexOf('/') + 1)))
    .filter((seed) => runs[`uniform/${seed}`] !== undefined)
    .sort((a, b) => a - b)

/** One number of a run that less is better of: by domain, or over domains. */
export const measures = ({ corpus: { domains } }) => {
  const all = domains.reduce((sum, { tokens }) => sum + tokens, 0)
  return [
    ...domains.map(({ name }, i) => ({ name, of: ({ perToken }) => perToken[i] })),
    { name: 'average', of: ({ perToken }) => mean(perToken) },
    { name: 'worst', of: ({ perToken }) => Math.max(...perToken) },
    {
      name: 'by size',
      of: ({ perToken }) => perToken.reduce((sum, loss, i) => sum + (loss * domains[i].tokens) / all, 0),
    },
  ]
}

/** A measure of a policy over its seeds, and its paired difference to equal weights; no interval of one pair. */
export function compare(results, policy, measure) {
  const seeds = seedsOf(results, policy)
  const own = seeds.map((seed) => measure.of(results.runs[`${policy}/${seed}`].final))
  const even = seeds.map((seed) => measure.of(results.runs[`uniform/${seed}`].final))
  const pairs = own.map((loss, i) => loss - even[i])
  const difference =
    seeds.length > 1 ? pairedDifference(own, even) : { mean: mean(pairs), halfWidth: Infinity }
  const verdict =
    policy === 'uniform' || Math.abs(difference.mean) <= difference.halfWidth
      ? 'same'
      : difference.mean < 0
        ? 'better'
        : 'worse'
  return { loss: mean(own), pairs, ...difference, verdict }
}
