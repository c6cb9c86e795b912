/** Collects how far our numbers are from recorded ones. Fields that we do not give are not compared. */
export function measure({ relative = [] } = {}) {
  const seen = {
    steps: 0,
    worst: 0,
    at: undefined,
    fault: undefined,
    /** Weights are compared absolutely, as recorded; other numbers, and weights named in `relative`, relative to their size above one. */
    compare(step, expected, got) {
      for (const [field, numbers] of Object.entries(expected)) {
        if (got[field] === undefined) continue
        const ours = [got[field]].flat(Infinity)
        const theirs = [numbers].flat(Infinity)
        if (ours.length !== theirs.length) seen.fault ??= `step ${step}: ${field} has ${ours.length} numbers, not ${theirs.length}`
        theirs.forEach((number, i) => {
          const size = field === 'weights' && !relative.includes(field) ? 1 : Math.max(1, Math.abs(number ?? 0))
          const error = number === ours[i] ? 0 : Math.abs(ours[i] - number) / size
          if (number === null ? ours[i] !== null : !(error <= seen.worst)) {
            // Not a number: the comparison above is written so that it ends up here.
            seen.worst = number === null || Number.isNaN(error) ? Infinity : error
            seen.at = `${field} at step ${step}`
          }
        })
      }
    },
  }
  return seen
}

/** Why a measurement fell short, or undefined. */
export function outside(what, seen, tolerance) {
  if (seen.fault !== undefined) return `${what}: ${seen.fault}`
  if (seen.worst <= tolerance) return undefined
  return `${what}: ${seen.at} is off by ${seen.worst.toExponential(2)}, allowed ${tolerance}`
}

export const notCovered = (why) => ({ verdict: 'not covered', why })

/** The verdict on measurements, the whole one first; `skipped` are steps that could not be compared. */
export function judged(golden, whole, resumed, eachStep) {
  const tolerance = golden.tolerance.absolute
  const short = [
    outside('whole trajectory', whole, tolerance),
    resumed === undefined ? undefined : outside('from the stored state', resumed, eachStep),
  ].filter((reason) => reason !== undefined)
  return {
    verdict: short.length > 0 ? 'fell short' : 'matched',
    why: short.join('; '),
    steps: whole.steps,
    skipped: golden.steps.length - whole.steps,
    worst: whole.worst,
    tolerance,
    ...(resumed === undefined ? {} : { resumed: { worst: resumed.worst, steps: resumed.steps, tolerance: eachStep } }),
  }
}

export function isMixture(weights) {
  const total = weights.reduce((a, b) => a + b, 0)
  return weights.every((weight) => Number.isFinite(weight) && weight >= 0) && Math.abs(total - 1) < 1e-6
}
