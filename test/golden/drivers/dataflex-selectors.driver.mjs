import { selectRollouts } from '@mixdesk/policies'
import { askAfresh, setUp, startOver } from '../ask.mjs'
import { judged, measure, notCovered } from '../measure.mjs'
import { known } from '../settings.mjs'

const settings = known('kind', 'low', 'high', 'fraction', 'largest', 'k', 'metric', 'keep_fraction', 'keepFraction')

/** The published defaults stand where a recording leaves a setting out. */
const selections = {
  threshold_band: ({ low, high }) => ({ rule: 'band', low: low ?? 0, high: high ?? 1 }),
  topk_fraction: ({ fraction, largest }) => ({
    rule: 'topFraction',
    fraction: fraction ?? 0.5,
    largest: largest ?? true,
  }),
  gfpo: ({ k, metric }) => ({ rule: 'gfpo', count: k ?? 8, metric: metric ?? 'efficiency' }),
  max_variance: ({ keep_fraction, keepFraction }) => ({
    rule: 'largestVariance',
    fraction: keep_fraction ?? keepFraction ?? 0.5,
  }),
}

const numbers = (values) => values?.map((value) => value ?? NaN)

/** Reads the recordings of `dataflex-selectors`: the control that `difficulty-filter` sends, carried out. */
export const driver = {
  golden: 'dataflex-selectors',
  compare(golden) {
    const { hyperparameters, steps } = golden
    const unknown = Object.keys(hyperparameters).filter((key) => !settings.includes(key))
    if (unknown.length > 0) return notCovered(`settings ${unknown.join(', ')}`)
    const selection = selections[hyperparameters.kind]
    if (selection === undefined) return notCovered(`kind ${hyperparameters.kind}`)
    const subject = setUp(
      'difficulty-filter',
      { rolloutSelection: selection(hyperparameters) },
      startOver(['all']),
    )
    if (subject.notCovered !== undefined) return notCovered(subject.notCovered)
    const { rolloutSelection } = askAfresh(subject, []).proposal.controls

    const seen = measure()
    for (const { step, observation, output } of steps) {
      const { score, group, length } = observation
      const keep = selectRollouts(rolloutSelection, {
        scores: numbers(score),
        ...(group === undefined || group === null ? {} : { groups: group }),
        ...(length === undefined || length === null ? {} : { lengths: length }),
      })
      seen.steps++
      seen.compare(step, output, { keep })
    }
    return judged(golden, seen)
  },
}
