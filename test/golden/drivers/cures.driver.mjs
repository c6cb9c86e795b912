import { gradientSpread } from '@mixdesk/policies'
import { askAfresh, setUp, signalFact, startOver, weightsOf } from '../ask.mjs'
import { judged, measure, notCovered } from '../measure.mjs'
import { known } from '../settings.mjs'

const settings = known(
  'temperatureScale',
  'temperature',
  'priorSuccesses',
  'priorFailures',
  'preRollouts',
  'budget',
  'devices',
)

/** Reads the recordings of `cures`: weights over prompts, or rollouts for them, each step of these on its own. */
export const driver = {
  golden: 'cures',
  compare(golden) {
    const { hyperparameters } = golden
    const unknown = Object.keys(hyperparameters).filter((key) => !settings.includes(key))
    if (unknown.length > 0) return notCovered(`settings ${unknown.join(', ')}`)
    return (hyperparameters.budget ?? null) === null ? compareWeights(golden) : compareRollouts(golden)
  },
}

function compareWeights(golden) {
  const { domains, hyperparameters, initial, steps } = golden
  const { temperatureScale, temperature, priorSuccesses, priorFailures } = hyperparameters
  const config = {
    ...((temperature ?? null) === null ? { variant: 'official', temperatureScale } : { variant: 'paper', temperature }),
    priorSuccesses,
    priorFailures,
    rollouts: 'none',
  }
  const start = startOver(domains)
  const subject = setUp('cures', config, start)
  if (subject.notCovered !== undefined) return notCovered(subject.notCovered)

  const seen = measure()
  const facts = []
  const compare = (step, expected) => {
    const { state, proposal } = askAfresh(subject, facts)
    const rate = (successes, i) =>
      (successes + subject.config.priorSuccesses) /
      (state.rollouts[i] + subject.config.priorSuccesses + subject.config.priorFailures)
    const { successes, rollouts } = state
    const weights = proposal.kind === 'hold' ? start.weights : weightsOf(proposal, start.weights)
    seen.compare(step, expected, { successes, rollouts, passRate: successes.map(rate), weights })
  }
  // The pre-rollouts come before the first step.
  if (initial?.rollouts !== undefined) {
    facts.push(signalFact(0, { successes: initial.successes, rollouts: initial.rollouts }, domains))
    compare('initial', initial)
  }
  for (const { step, observation, state, weights } of steps) {
    facts.push(signalFact(step, columns(observation, domains), domains))
    seen.steps++
    compare(step, { ...state, weights })
  }
  return judged(golden, seen)
}

function compareRollouts(golden) {
  const { domains, hyperparameters, steps, tolerance } = golden
  const { budget, devices } = hyperparameters
  const config = { variant: 'official', rollouts: 'gradients', totalBudget: budget }
  const subjects = [1, devices ?? 1].map((count) => setUp('cures', { ...config, devices: count }, startOver(domains)))
  const refused = subjects.find((subject) => subject.notCovered !== undefined)
  if (refused !== undefined) return notCovered(refused.notCovered)

  const seen = measure()
  for (const { step, observation, output } of steps) {
    const signals = { ...columns(observation, domains), ...normColumns(observation, domains) }
    const [rollouts, aligned] = subjects.map(
      (subject) => askAfresh(subject, [signalFact(step, signals, domains)]).proposal.controls?.rolloutCounts ?? null,
    )
    seen.steps++
    seen.compare(step, { sigma: output.sigma }, { sigma: domains.map((_, i) => spreadOf(signals, i)) })
    if (output.error !== undefined) {
      if (rollouts !== null) seen.fault ??= `step ${step}: rollouts, where the official code has none`
      continue
    }
    // Shares this close to a half may be rounded either way, and so may what follows from them.
    const sum = output.sigma.reduce((a, b) => a + b, 0)
    const isHalf = output.sigma.some(
      (sigma) => Math.abs(((budget * sigma) / sum) % 1 - 0.5) <= tolerance.absolute,
    )
    if (isHalf) continue
    seen.compare(step, { rollouts: output.rollouts, total: output.total }, { rollouts, total: total(rollouts) })
    if (output.aligned === undefined) continue
    // Which of several equal counts is raised first is not defined.
    seen.compare(step, { aligned: pairs(output.rollouts, output.aligned) }, { aligned: pairs(rollouts, aligned) })
  }
  return judged(golden, seen)
}

const total = (counts) => counts?.reduce((a, b) => a + b, 0) ?? null
const pairs = (before, after) => after.map((count, i) => before[i] * 1e6 + count).sort((a, b) => a - b)

const columns = ({ reports }, domains) => ({
  successes: domains.map((name) => reports[name]?.successes),
  rollouts: domains.map((name) => reports[name]?.rollouts),
})

function normColumns({ reports }, domains) {
  const sums = (field, power) =>
    domains.map((name) => reports[name]?.[field]?.reduce((all, norm) => all + norm ** power, 0))
  return {
    gradientNormRightSum: sums('gradientNormRight', 1),
    gradientNormRightSquareSum: sums('gradientNormRight', 2),
    gradientNormWrongSum: sums('gradientNormWrong', 1),
    gradientNormWrongSquareSum: sums('gradientNormWrong', 2),
  }
}

const spreadOf = (signals, i) =>
  gradientSpread({
    successes: signals.successes[i],
    rollouts: signals.rollouts[i],
    rightNormSum: signals.gradientNormRightSum[i],
    rightNormSquareSum: signals.gradientNormRightSquareSum[i],
    wrongNormSum: signals.gradientNormWrongSum[i],
    wrongNormSquareSum: signals.gradientNormWrongSquareSum[i],
  })
