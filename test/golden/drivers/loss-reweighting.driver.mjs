import { sequenceWeights, temperatureAt } from '@mixdesk/policies'
import { askAfresh, setUp, startOver } from '../ask.mjs'
import { isMixture, judged, measure, notCovered } from '../measure.mjs'
import { known } from '../settings.mjs'

const settings = known('strategy', 'temperature', 'warmUpSteps', 'warmUpTemperature', 'delta', 'rangeGuard')

/** The README calls `uniform` what returns the normalised losses; the trainer has other names for two more. */
const strategies = { uniform: 'readmeUniform', mid: 'quadratic', upper: 'linear', linupper: 'linUpper' }

/** Reads the recordings of `loss-reweighting`: the control is sent once, and carried out on every batch. */
export const driver = {
  golden: 'loss-reweighting',
  compare(golden) {
    const { domains, hyperparameters, steps } = golden
    const unknown = Object.keys(hyperparameters).filter((key) => !settings.includes(key))
    if (unknown.length > 0) return notCovered(`settings ${unknown.join(', ')}`)
    const { strategy, temperature = null, warmUpSteps, warmUpTemperature = null, delta, rangeGuard } = hyperparameters
    const config = {
      strategy: strategies[strategy] ?? strategy,
      temperature,
      warmUpSteps: warmUpSteps ?? 0,
      warmUpTemperature,
      delta: delta ?? 1,
      rangeGuard: rangeGuard ?? 1e-6,
    }
    const subject = setUp('loss-reweighting', config, startOver(domains))
    if (subject.notCovered !== undefined) return notCovered(subject.notCovered)
    const { lossReweighting } = askAfresh(subject, []).proposal.controls

    const seen = measure()
    for (const { step, observation, output } of steps) {
      const { losses, domain } = observation
      const sampleWeights = sequenceWeights(losses.map((loss) => loss ?? NaN), lossReweighting, step)
      const byDomain = (values) => domains.map((_, d) => values.reduce((all, one, i) => (domain[i] === d ? all + one : all), 0))
      if (!isMixture(sampleWeights)) seen.fault ??= `step ${step}: our weights are no mixture`
      if (output.sampleWeights?.includes(null)) continue
      seen.steps++
      seen.compare(step, output, {
        temperature: temperatureAt(lossReweighting, step),
        sampleWeights,
        domainMass: byDomain(sampleWeights),
        domainShare: byDomain(losses.map(() => 1 / losses.length)),
      })
    }
    return judged(golden, seen)
  },
}
