import { given, isOfPaper, known } from '../settings.mjs'
import { wholeObservation } from '../step-fact.mjs'

const variants = { doremi: 'official', bandit: 'official-bandit', constant: 'constant', paper: 'paper' }

/** Reads the recordings of `sheared`, dynamic batch loading. */
export const driver = {
  golden: 'sheared',
  settings: known('variant', 'updateType', 'stepSize', 'smoothing', 'targetLoss', 'clip', 'observationIs'),
  configure({ updateType = 'doremi', stepSize, smoothing, targetLoss, clip }, golden) {
    const clips = clip === true || isOfPaper(golden)
    const variant = updateType === 'doremi' && clips ? 'paper' : variants[updateType]
    if (variant === undefined) return { notCovered: `updateType ${updateType}` }
    if (clip === false && variant === 'paper') return { notCovered: 'the rule of the paper without clipping' }
    return {
      policy: 'dynamic-batch-loading',
      config: { variant, ...given({ stepSize, smoothing, targetLosses: byName(golden.domains, targetLoss) }) },
    }
  },
  facts: (step) => [evaluation(step)],
  recorded: () => ({}),
  /** Our state after a recorded step: weights are all that the published code keeps. */
  stored: (fresh, _recorded, weights) => ({ ...fresh, weights }),
  nullable: [],
}

/** Numbers in the order of the domains, or by name already. */
export const byName = (domains, numbers) =>
  Array.isArray(numbers) ? Object.fromEntries(domains.map((name, i) => [name, numbers[i]])) : numbers

/** One round of validation: mean losses, `null` where a domain has no token. */
export function evaluation({ step, observation }) {
  const { lossSum, tokenCount, loss, validationLoss } = wholeObservation(observation)
  const means = loss ?? validationLoss ?? lossSum.map((sum, i) => (sum === null ? NaN : sum / tokenCount[i]))
  return {
    kind: 'evaluation',
    step,
    loss: means.map((mean) => (Number.isFinite(mean) ? mean : null)),
    scores: {},
  }
}
