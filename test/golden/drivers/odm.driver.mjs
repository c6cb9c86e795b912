import { given, isOfPaper, known } from '../settings.mjs'
import { stepFact, wholeObservation } from '../step-fact.mjs'

const variants = {
  'smoothed_mean group': 'official-smoothed',
  'smoothed_mean single': 'official-smoothed-single',
  'exp3 group': 'official-exp3',
  'exp3 single': 'official-exp3-single',
}

/** Which of the rules: named in the settings by the method and its update, or as a variant; the paper's may be named in `rule`. */
function variantOf({ method, updateMethod = 'group', variant }, golden) {
  if (isOfPaper(golden) || method === 'paper') return 'paper'
  if (variant !== undefined && Object.values(variants).includes(variant)) return variant
  return variants[`${method} ${updateMethod}`]
}

/** The recorded `stepsAreGlobal` explains the step number in words: true where warm-up counts, undefined where we cannot tell. */
function isGlobal(value) {
  if (typeof value === 'boolean') return value
  if (/not count|minus|after (the )?warm-?up|without warm-?up|since (the )?warm-?up/i.test(value)) return false
  return /counts? warm-?up|includ\w+ warm-?up|global/i.test(value) ? true : undefined
}

/** Reads the recordings of `odm`: the published classes, or the rule of the paper. */
const odm = {
  golden: 'odm',
  settings: known(
    ...['method', 'updateMethod', 'variant', 'smoothing', 'alpha', 'rewardDivisor', 'warmupSteps', 'updateEvery'],
    ...['stepsAreGlobal', 'tIncludesWarmup', 'biasCorrection', 'policySource'],
    ...['lowestLoss', 'highestLoss', 'largestImportanceWeight'],
  ),
  configure(hyperparameters, golden) {
    const { method, updateMethod, variant: named, alpha, stepsAreGlobal, tIncludesWarmup, policySource: _, ...rest } = given(hyperparameters)
    const variant = variantOf({ method, updateMethod, variant: named }, golden)
    if (variant === undefined) return { notCovered: `method ${method}, updateMethod ${updateMethod}, variant ${named}` }
    const counting = stepsAreGlobal ?? tIncludesWarmup
    const global = counting === undefined ? undefined : isGlobal(counting)
    if (counting !== undefined && global === undefined) return { notCovered: `stepsAreGlobal ${counting}` }
    return { policy: 'odm', config: { variant, ...given({ smoothing: alpha, stepsAreGlobal: global }), ...rest } }
  },
  facts(step, current) {
    const { tokenCount, lossSum, microBatchCount } = wholeObservation(step.observation)
    const sequences = microBatchCount ?? tokenCount
    return [stepFact(step.step, { tokens: tokenCount, lossSum, sequences }, scaled(current))]
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

/** Reads the recordings of `dataflex-odm`, the rule of another trainer: one domain a step, told of in the step after. */
const dataflex = {
  golden: 'dataflex-odm',
  settings: known(
    ...['smoothing', 'warmupSteps', 'rewardScale', 'explorationFloor', 'rewardClip', 'exponentClip'],
    ...['stepsAreGlobal', 'biasCorrection'],
  ),
  configure({ stepsAreGlobal, rewardClip, exponentClip, explorationFloor, ...rest }) {
    if ((stepsAreGlobal ?? false) !== false && isGlobal(stepsAreGlobal) !== false) return { notCovered: `stepsAreGlobal ${stepsAreGlobal}` }
    const config = {
      variant: 'dataflex',
      // The rule's own bound on 1/p.
      largestImportanceWeight: 1e8,
      ...given(rest),
      // Here null is a bound that is off, not one at its default.
      ...(rewardClip === undefined ? {} : { rewardClip }),
      ...(exponentClip === undefined ? {} : { exponentClip }),
      ...(explorationFloor === undefined ? {} : { explorationFloor: explorationFloor ?? 0 }),
    }
    return { policy: 'odm', config }
  },
  facts(step, current, { domains }) {
    const { previousDomain, previousLoss } = step.observation
    const trained = domains.map((name, i) => Number(i === previousDomain || name === previousDomain))
    const lossSum = trained.map((one) => (one === 1 ? previousLoss : 0))
    return [stepFact(step.step, { tokens: trained, lossSum, sequences: trained }, scaled(current))]
  },
  recorded: (state) => ({ reward: state.reward, epsilon: state.epsilon }),
  nullable: [],
}

/** The recorded start weights are divided by their sum inside the rule. */
function scaled(weights) {
  const total = weights.reduce((a, b) => a + b, 0)
  return weights.map((weight) => weight / total)
}

export const drivers = [odm, dataflex]
