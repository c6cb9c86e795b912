import { absoluteAdvantageSum } from '@mixdesk/policies'
import { judged, measure, notCovered } from '../measure.mjs'
import { advantageOptions, advantageSettings } from '../rollouts.mjs'

/** Reads the recordings of `advantage-signal`: no trajectory, but one number a domain from pass counts per prompt. */
export const driver = {
  golden: 'advantage-signal',
  compare(golden) {
    const given = golden.hyperparameters ?? {}
    const unknown = Object.keys(given).filter((key) => !advantageSettings.includes(key))
    if (unknown.length > 0) return notCovered(`settings ${unknown.join(', ')}`)
    const options = advantageOptions(given)
    if (options.deviation === undefined) return notCovered('the deviation it names')

    const seen = measure({})
    for (const { step, observation, output } of golden.steps) {
      seen.steps++
      seen.compare(step, output, {
        meanAbsAdvantage: golden.domains.map((name, i) => {
          const { absAdvantageSum, rollouts } = absoluteAdvantageSum(observation.promptPass[name] ?? [], options)
          // Without a rollout there is no mean; a recording says null, or 0.
          return rollouts > 0 ? absAdvantageSum / rollouts : (output.meanAbsAdvantage[i] && NaN)
        }),
      })
    }
    return judged(golden, seen)
  },
}
