import { configure, findPolicy } from '@mixdesk/policies'
import { doremiDriver } from './doremi.driver.mjs'
import { odmDriver } from './odm.driver.mjs'

const drivers = [odmDriver, doremiDriver]

/**
 * Drives a recording through the public functions of a policy and says how far the results are from the recorded ones:
 * `{ verdict: 'matched' | 'fell short' | 'not covered', why?, tolerance?, steps?, skipped?, worst?, resumed? }`.
 *
 * One decision a step. From the first recorded NaN (null) on there is nothing to compare with; our results must still be
 * mixtures. Weights are compared absolutely, as recorded; state of any size relative to numbers above one.
 */
export function compareGolden(golden) {
  const driver = drivers.find(({ golden: name }) => name === golden.policy)
  if (driver === undefined) return notCovered(`no policy for the rule ${golden.policy}`)
  const unknown = Object.keys(golden.hyperparameters ?? {}).filter((key) => !driver.settings.includes(key))
  if (unknown.length > 0) return notCovered(`settings ${unknown.join(', ')}`)
  const mapped = driver.configure(golden.hyperparameters ?? {})
  if (mapped.notCovered !== undefined) return notCovered(mapped.notCovered)

  const policy = findPolicy(mapped.policy)
  const start = { domains: golden.domains.map((name) => ({ name })), weights: golden.initial.weights }
  const configured = configure(policy, mapped.config, start)
  if (!configured.ok) return notCovered(configured.problems.join(' '))

  const subject = { driver, policy, config: configured.config, start, golden }
  const whole = trajectory(subject)
  const eachStep = golden.tolerance.absoluteWhenEachStepStartsFromTheStoredState
  const resumed = eachStep === undefined || driver.stored === undefined ? undefined : stepByStep(subject)
  const short = [
    outside('whole trajectory', whole, golden.tolerance.absolute),
    resumed === undefined ? undefined : outside('from the stored state', resumed, eachStep),
  ].filter((reason) => reason !== undefined)
  return {
    verdict: short.length > 0 ? 'fell short' : 'matched',
    why: short.join('; '),
    steps: whole.steps,
    skipped: golden.steps.length - whole.steps,
    worst: whole.worst,
    tolerance: golden.tolerance.absolute,
    ...(resumed === undefined ? {} : { resumed: { worst: resumed.worst, steps: resumed.steps, tolerance: eachStep } }),
  }
}

const notCovered = (why) => ({ verdict: 'not covered', why })

/** The whole recording in one go, each step from our own state and the mixture our own decisions led to. */
function trajectory({ driver, policy, config, start, golden }) {
  const seen = measure()
  let state = policy.initialState(config, start)
  let current = start.weights
  let broken = false
  for (const step of golden.steps) {
    ;({ state, current } = advance(policy, config, state, current, driver.fact(step, current)))
    broken ||= hasGap(step, driver)
    if (!isMixture(current)) seen.fault ??= `step ${step.step}: our weights are no mixture`
    if (broken) continue
    seen.steps++
    seen.compare(step.step, { weights: step.weights, ...step.state }, { weights: current, ...driver.recorded(state, config) })
  }
  if (golden.final && !broken) seen.compare('final', golden.final, driver.recorded(state, config))
  return seen
}

/** Each step from the recorded state and weights of the step before. */
function stepByStep({ driver, policy, config, start, golden }) {
  const seen = measure()
  const fresh = policy.initialState(config, start)
  let before = { state: golden.initial, weights: golden.initial.weights }
  for (const step of golden.steps) {
    if (hasGap(step, driver)) break
    const stored = driver.stored(fresh, before.state, before.weights)
    const { state, current } = advance(policy, config, stored, before.weights, driver.fact(step, before.weights))
    seen.steps++
    seen.compare(step.step, { weights: step.weights, ...step.state }, { weights: current, ...driver.recorded(state, config) })
    before = step
  }
  return seen
}

function advance(policy, config, before, current, fact) {
  const evolved = policy.evolve(config, before, fact)
  const proposal = policy.decide(config, evolved, current)
  if (proposal.kind === 'hold') return { state: evolved, current }
  const { weights } = proposal
  return { state: policy.evolve(config, evolved, { kind: 'mixture', step: fact.step, weights }), current: weights }
}

function measure() {
  const seen = {
    steps: 0,
    worst: 0,
    at: undefined,
    fault: undefined,
    compare(step, expected, got) {
      for (const [field, numbers] of Object.entries(expected)) {
        if (got[field] === undefined) continue
        const ours = [got[field]].flat()
        const theirs = [numbers].flat()
        if (ours.length !== theirs.length) seen.fault ??= `step ${step}: ${field} has ${ours.length} numbers, not ${theirs.length}`
        theirs.forEach((number, i) => {
          const size = field === 'weights' ? 1 : Math.max(1, Math.abs(number ?? 0))
          const error = number === null && ours[i] === null ? 0 : Math.abs(ours[i] - number) / size
          if (!(error <= seen.worst)) {
            // Not a number: the comparison above is written so that it ends up here.
            seen.worst = Number.isNaN(error) ? Infinity : error
            seen.at = `${field} at step ${step}`
          }
        })
      }
    },
  }
  return seen
}

function outside(what, seen, tolerance) {
  if (seen.fault !== undefined) return `${what}: ${seen.fault}`
  if (seen.worst <= tolerance) return undefined
  return `${what}: ${seen.at} is off by ${seen.worst.toExponential(2)}, allowed ${tolerance}`
}

/** Whether the published code broke down in this step. */
function hasGap(step, driver) {
  const fields = Object.entries({ weights: step.weights, ...step.state }).filter(([name]) => !driver.nullable.includes(name))
  return fields.some(([, numbers]) => [numbers].flat().includes(null))
}

function isMixture(weights) {
  const total = weights.reduce((a, b) => a + b, 0)
  return weights.every((weight) => Number.isFinite(weight) && weight >= 0) && Math.abs(total - 1) < 1e-6
}
