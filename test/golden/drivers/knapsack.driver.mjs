import { allocateExactly, allocateOfficially, knapsackValue } from '@mixdesk/policies'
import { askAfresh, setUp, signalFact, startOver } from '../ask.mjs'
import { judged, measure, notCovered } from '../measure.mjs'
import { known } from '../settings.mjs'

const settings = known(
  'rolloutsPerPrompt',
  'totalBudget',
  'minimum',
  'maximum',
  'allWrong',
  'allRight',
  'fallback',
  'confidence',
  'costEstimation',
  'informationGain',
)

/** Reads the recordings of `knapsack`. Every step is a problem of its own. */
export const driver = {
  golden: 'knapsack',
  compare(golden) {
    const { domains, hyperparameters, rule, steps, tolerance } = golden
    const unknown = Object.keys(hyperparameters).filter((key) => !settings.includes(key))
    if (unknown.length > 0) return notCovered(`settings ${unknown.join(', ')}`)
    const given = Object.fromEntries(Object.entries(hyperparameters).filter(([, value]) => value !== null))
    if (given.informationGain !== undefined)
      given.informationGain = given.informationGain.replaceAll(/\s|\*(?!\*)/g, '').replace('**', '^')
    const variant = /greedy|exact|optimum/i.test(rule) ? 'exact' : 'official'
    const subject = setUp('knapsack', { variant, enoughRollouts: 1, ...given }, startOver(domains))
    if (subject.notCovered !== undefined) return notCovered(subject.notCovered)

    const seen = measure()
    for (const { step, observation, output } of steps) {
      const { proposal } = askAfresh(subject, [reports(step, observation, domains)])
      seen.steps++
      if (output.error !== undefined) {
        // The official code fails here; ours has to refuse in words, or to keep the budget.
        const { rolloutsPerPrompt, totalBudget } = subject.config
        const counts = proposal.controls?.rolloutCounts
        if (counts !== undefined && total(counts) !== (totalBudget ?? rolloutsPerPrompt * domains.length))
          seen.fault ??= `step ${step}: ${output.error} in the official code, and ours misses the budget`
        continue
      }
      const rollouts = proposal.controls?.rolloutCounts ?? null
      const rates = observation.passRate.map((rate, i) => ((observation.known?.[i] ?? 1) ? rate : null))
      const allocation = (variant === 'exact' ? allocateExactly : allocateOfficially)(subject.config, rates)
      const { fallback, fallbackEffectiveRatio } = allocation
      const ours = { rollouts, total: rollouts && total(rollouts), fallback, fallbackEffectiveRatio }
      if (rollouts !== null) ours.objective = objective(subject.config, observation, rollouts)
      const isAsGood =
        rollouts?.length === output.rollouts.length &&
        ours.total === output.total &&
        Math.abs(ours.objective - output.objective) <= tolerance.absolute
      // Several allocations may have the same objective.
      seen.compare(step, output, isAsGood ? { ...ours, rollouts: output.rollouts } : ours)
    }
    return judged(golden, seen)
  },
}

const total = (counts) => counts.reduce((a, b) => a + b, 0)

/** Pass counts of a step. Half a rollout is too little to know a rate by, which is what `known` 0 says. */
function reports(step, { known: isKnown, passRate, count }, domains) {
  const rollouts = domains.map((_, i) => ((isKnown?.[i] ?? 1) ? Math.max(1, count?.[i] ?? 16) : 0.5))
  const successes = rollouts.map((number, i) => (number === 0.5 ? 0 : passRate[i] * number))
  return signalFact(step, { successes, rollouts }, domains)
}

/** What is maximised; the official program gives a mixed prompt without an extra rollout nothing. */
function objective({ variant, minimum, informationGain }, { known: isKnown, passRate }, rollouts) {
  return total(
    rollouts.map((count, i) => {
      const rate = passRate[i]
      if (isKnown?.[i] === 0 || rate <= 0 || rate >= 1) return 0
      if (variant === 'official') return count > minimum ? knapsackValue(count, Math.fround(rate), informationGain) : 0
      return knapsackValue(count, rate, informationGain)
    }),
  )
}
