import { configure, findPolicy } from '@mixdesk/policies'
import { drivers } from './drivers/index.mjs'
import { isMixture, judged, measure, notCovered } from './measure.mjs'

/**
 * Drives a recording through the public functions of a policy and says how far the results are from the recorded ones:
 * `{ verdict: 'matched' | 'fell short' | 'not covered', why?, tolerance?, steps?, skipped?, worst?, resumed? }`.
 *
 * One decision a step. Where the published code is not a number (null) there is nothing to compare with; our results must
 * still be mixtures.
 */
export function compareGolden(golden) {
  const driver = drivers.find(({ golden: name }) => name === golden.policy)
  if (driver === undefined) return notCovered(`no policy for the rule ${golden.policy}`)
  if (driver.compare !== undefined) return driver.compare(golden)
  const unknown = Object.keys(golden.hyperparameters ?? {}).filter((key) => !driver.settings.includes(key))
  if (unknown.length > 0) return notCovered(`settings ${unknown.join(', ')}`)
  const mapped = driver.configure(golden.hyperparameters ?? {}, golden)
  if (mapped.notCovered !== undefined) return notCovered(mapped.notCovered)

  const policy = findPolicy(mapped.policy)
  const start = driver.start?.(golden) ?? plainStart(golden)
  const configured = configure(policy, mapped.config, start)
  if (!configured.ok) return notCovered(configured.problems.join(' '))

  const subject = { driver, policy, config: configured.config, start, golden }
  const eachStep = golden.tolerance.absoluteWhenEachStepStartsFromTheStoredState
  const resumed = eachStep === undefined || driver.stored === undefined ? undefined : stepByStep(subject)
  return judged(golden, trajectory(subject), resumed, eachStep)
}

const plainStart = ({ domains, initial }) => ({
  domains: domains.map((name) => ({ name })),
  weights: initial?.weights ?? domains.map(() => 1 / domains.length),
})

/** The whole recording in one go, each step from our own state and the mixture our own decisions led to. */
function trajectory({ driver, policy, config, start, golden }) {
  const seen = measure(driver)
  let state = policy.initialState(config, start)
  let current = start.weights
  let broken = false
  for (const step of golden.steps) {
    const told = advance(policy, config, state, current, driver.facts(step, current, golden))
    ;({ state, current } = told)
    const gap = hasGap(step, driver)
    broken = driver.recovers === true ? gap : broken || gap
    if (!isMixture(current)) seen.fault ??= `step ${step.step}: our weights are no mixture`
    if (broken) continue
    seen.steps++
    seen.compare(step.step, recordedIn(step), ours(driver, config, told))
  }
  if (golden.final && !broken) seen.compare('final', golden.final, driver.recorded?.(state, config) ?? {})
  return seen
}

/** Each step from the recorded state and weights of the step before. */
function stepByStep({ driver, policy, config, start, golden }) {
  const seen = measure(driver)
  const fresh = policy.initialState(config, start)
  let before = { state: golden.initial, weights: start.weights }
  for (const step of golden.steps) {
    if (hasGap(step, driver)) break
    const stored = driver.stored(fresh, before.state, before.weights)
    const told = advance(policy, config, stored, before.weights, driver.facts(step, before.weights, golden))
    seen.steps++
    seen.compare(step.step, recordedIn(step), ours(driver, config, told))
    before = step
  }
  return seen
}

const recordedIn = ({ weights, state, output }) => ({ ...(weights === undefined ? {} : { weights }), ...state, ...output })
const ours = (driver, config, { state, current, proposal }) => ({
  weights: current,
  ...driver.recorded?.(state, config, proposal),
})

function advance(policy, config, before, current, facts) {
  const evolved = facts.reduce((state, fact) => policy.evolve(config, state, fact), before)
  const proposal = policy.decide(config, evolved, current)
  if (proposal.kind !== 'reweigh') return { state: evolved, current, proposal }
  const { weights } = proposal
  const step = facts.at(-1)?.step ?? 0
  return { state: policy.evolve(config, evolved, { kind: 'mixture', step, weights }), current: weights, proposal }
}

/** Whether the published code broke down in this step. */
function hasGap(step, driver) {
  const fields = Object.entries(recordedIn(step)).filter(([name]) => !driver.nullable.includes(name))
  return fields.some(([, numbers]) => [numbers].flat(Infinity).includes(null))
}
