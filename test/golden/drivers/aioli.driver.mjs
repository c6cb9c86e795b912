import { configure, findPolicy } from '@mixdesk/policies'
import { isMixture, judged, measure, notCovered } from '../measure.mjs'
import { given, known } from '../settings.mjs'

const names = ['stepSize', 'ema', 'sweeps', 'stepsPerProbe', 'oneHotFactor', 'normalise', 'diagonal']
const settings = known(...names, 'probeMixture', 'updateSteps')

/**
 * Reads the recordings of `aioli`. A recorded step is a round of probes, which the policy drives by its own decisions: it is told
 * the steps under each mixture it asks for, and the recorded losses after them. Only the order of the probes, which the
 * published code draws at random, is put into its state.
 */
export const driver = {
  golden: 'aioli',
  compare(golden) {
    const { hyperparameters, domains } = golden
    const unknown = Object.keys(hyperparameters).filter((key) => !settings.includes(key))
    if (unknown.length > 0) return notCovered(`settings ${unknown.join(', ')}`)
    const policy = findPolicy('aioli')
    const { sweeps = 1, stepsPerProbe = 5 } = given(hyperparameters)
    const start = { domains: domains.map((name) => ({ name })), weights: golden.initial.weights }
    const configured = configure(
      policy,
      {
        ...given(Object.fromEntries(names.map((name) => [name, hyperparameters[name]]))),
        // One step under the weights ends a round.
        updateSteps: domains.length * sweeps * stepsPerProbe + 1,
      },
      start,
    )
    if (!configured.ok) return notCovered(configured.problems.join(' '))
    return judged(golden, trajectory({ policy, config: configured.config, start, golden, stepsPerProbe }))
  },
}

function trajectory({ policy, config, start, golden, stepsPerProbe }) {
  const seen = measure()
  const run = { state: policy.initialState(config, start), current: start.weights, step: 0 }
  const tell = (fact) => (run.state = policy.evolve(config, run.state, fact))
  const evaluate = (losses) =>
    tell({ kind: 'evaluation', step: run.step, loss: losses.map((loss) => (Number.isFinite(loss) ? loss : null)), scores: {} })
  const train = (steps) => {
    for (let i = 0; i < steps; i++) tell(emptyStep(++run.step, run.current))
  }
  const decide = () => {
    const proposal = policy.decide(config, run.state, run.current)
    if (proposal.kind !== 'reweigh') return
    run.current = proposal.weights
    tell({ kind: 'mixture', step: run.step, weights: proposal.weights })
  }

  let broken = false
  for (const { step, observation, state, weights } of golden.steps) {
    run.state = { ...run.state, order: observation.probes.map(({ probe }) => probe) }
    evaluate(observation.before)
    for (const { probe, validationLoss } of observation.probes) {
      decide()
      const highest = Math.max(...run.current)
      if (run.current.indexOf(highest) !== probe) seen.fault ??= `step ${step}: domain ${probe} was not the one probed`
      train(stepsPerProbe)
      evaluate(validationLoss)
    }
    decide()
    train(1)
    const recorded = { weights, ...state }
    broken ||= Object.values(recorded).flat(Infinity).includes(null)
    if (!isMixture(run.current)) seen.fault ??= `step ${step}: our weights are no mixture`
    if (broken) continue
    seen.steps++
    seen.compare(step, recorded, { weights: run.current, interaction: run.state.interaction })
  }
  return seen
}

/** A step of which only the mixture matters. */
function emptyStep(step, inForce) {
  const zeros = inForce.map(() => 0)
  return { kind: 'step', step, present: zeros.map(() => true), tokens: zeros, lossSum: zeros, signals: {}, inForce }
}
