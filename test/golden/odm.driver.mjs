import { stepFact, wholeObservation } from './step-fact.mjs'

const variants = {
  'smoothed_mean group': 'official-smoothed',
  'smoothed_mean single': 'official-smoothed-single',
  'exp3 group': 'official-exp3',
  'exp3 single': 'official-exp3-single',
}
const settings = ['method', 'updateMethod', 'smoothing', 'rewardDivisor', 'warmupSteps', 'updateEvery', 'stepsAreGlobal']
/** The recorded `stepsAreGlobal` explains the step number in words; `true` means the same. */
const isGlobal = (value) => value === undefined || value === true || /counts warm-up steps/.test(String(value))

/** Reads the recordings of `odm`. */
export const odmDriver = {
  golden: 'odm',
  settings,
  configure({ method, updateMethod, stepsAreGlobal, ...rest }) {
    const variant = variants[`${method} ${updateMethod}`]
    if (variant === undefined) return { notCovered: `method ${method}, updateMethod ${updateMethod}` }
    if (!isGlobal(stepsAreGlobal) && stepsAreGlobal !== false) {
      return { notCovered: `stepsAreGlobal ${stepsAreGlobal}` }
    }
    return { policy: 'odm', config: { variant, stepsAreGlobal: isGlobal(stepsAreGlobal), ...rest } }
  },
  fact(step, current) {
    const observed = wholeObservation(step.observation)
    const total = current.reduce((a, b) => a + b, 0)
    return stepFact(
      step.step,
      { tokens: observed.tokenCount, lossSum: observed.lossSum, sequences: observed.microBatchCount },
      // The recorded start weights are divided by their sum inside the rule.
      current.map((weight) => weight / total),
    )
  },
  /** Our state under the recorded names. */
  recorded: (state, config) => ({
    reward: config.variant.startsWith('official-smoothed')
      ? state.reward.map((one) => (one === null ? 0 : Math.exp(one)))
      : state.reward,
    epsilon: state.epsilon,
    previousEpsilon: state.previousEpsilon,
  }),
  /** `previousEpsilon` is null before the first update, which is not a number that went missing. */
  nullable: ['previousEpsilon'],
}
