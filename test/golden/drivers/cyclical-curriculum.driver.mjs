import { cycleSizes } from '@mixdesk/policies'
import { stepFact } from '../step-fact.mjs'

/** Which of the published functions: told by the rule where the settings are the same. */
function formOf({ weights, edge, samples, ...rest }, rule) {
  if (weights !== undefined) return { form: 'cumulative', weights, ...rest }
  if (samples !== undefined) return { form: 'integers', samples, startIncreasing: true, ...rest }
  if (edge === undefined) return { form: 'fractions', ...rest }
  return { form: 'repeated', edge, direction: /bigger_to_lower/.test(rule) ? 'bigger_to_lower' : 'lower_to_bigger', ...rest }
}

/** Reads the recordings of `cyclical-curriculum`, which are sizes of rounds: the preset of the schedule sends them as `dataSize`. */
export const driver = {
  golden: 'cyclical-curriculum',
  settings: [
    ...['start', 'end', 'alpha', 'epochs', 'samples', 'multiplier', 'strategy', 'startIncreasing', 'totalSamples'],
    ...['edge', 'repeat', 'direction', 'weights'],
  ],
  configure(hyperparameters, { rule, steps }) {
    const sizes = formOf(hyperparameters, rule)
    const rounds = cycleSizes(sizes)
    if (rounds?.length !== steps.length) throw new Error(`${rounds?.length} rounds in place of ${steps.length}`)
    const pass = { steps: 1 }
    return { policy: 'schedule', config: { preset: { name: 'cyclic-curriculum', pass, lengthFollowsSize: false, sizes } } }
  },
  start: () => ({ domains: [{ name: 'everything' }], weights: [1] }),
  /** The first size is there before the first round; each round is a step. */
  facts({ step }, current, { steps }) {
    if (step === steps[0].step) return []
    return [stepFact(step, { tokens: [1], lossSum: [1], sequences: [1] }, current)]
  },
  recorded: (_state, _config, proposal) => ({ size: proposal.controls?.dataSize ?? null }),
  nullable: [],
}
