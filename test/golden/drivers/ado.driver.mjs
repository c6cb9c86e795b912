import { isOfPaper, known } from '../settings.mjs'

/** Recorded settings as ours, and what a null among them switches to. */
const names = {
  startStep: ['startStep', 0],
  refitEvery: ['refitEvery', Number.MAX_SAFE_INTEGER],
  ignoreSteps: ['ignoreSteps', 0],
  sameStepSize: ['sharedCount', false],
  creditDecay: ['creditSmoothing', 0],
  policyMix: ['preferenceShare', 0],
  creditExponent: ['creditExponent', 0],
  floor: ['floor', 0],
  slopeExponentFloor: ['slopeExponentFloor', 0],
  countDivisor: ['tokensPerCount', 1],
  subsample: ['subsample', 1],
  smoothingWindow: ['smoothingWindow', 1],
  smoothingOrder: ['smoothingOrder', 0],
  huberDelta: ['huberDelta', 1e9],
  parameters: ['parameters', null],
}

/** Laws that made the losses, the size of a batch and which of one published class ran are no settings of ours. */
const settings = known(...Object.keys(names), 'variant', 'batchSequences', 'trueParameters')

const tokensPerSequence = 1024

function configure(hyperparameters, golden) {
  const config = Object.entries(hyperparameters).flatMap(([name, value]) => {
    if (names[name] === undefined || value === undefined) return []
    const [ours, off] = names[name]
    return [[ours, value ?? off]]
  })
  const fitted = golden.steps.some((step) => recordedFit(step, golden) !== undefined)
  // Another optimiser does not give the same digits: the recorded fits are told, as a fit made elsewhere would be.
  const fit = hyperparameters.parameters || fitted ? 'advice' : 'own'
  return { ...Object.fromEntries(config), fit, historyPoints: 0 }
}

/** The parameters in force after the refit of a step; undefined where there was none, or none was ever adopted. */
function recordedFit({ step, observation }, { final }) {
  const fit = final?.fits?.find((one) => one.step === step && !one.rejected)
  return observation.fittedParameters ?? fit?.parameters ?? undefined
}

function withFit(step, golden, fact) {
  const parameters = recordedFit(step, golden)
  if (parameters === undefined) return [fact]
  return [{ kind: 'advice', step: step.step, source: 'recorded fit', values: parameters.flat() }, fact]
}

const start = ({ domains, initial }) => ({
  domains: domains.map((name) => ({ name })),
  weights: initial.prior ?? initial.weights,
})

/** Data counts also where its loss cannot be used, as in the published codes: a sum of 0 is a loss that the rule leaves out. */
function fact(step, { tokens, lossSum, sequences, sequenceLossSum }, inForce) {
  const usable = (sums) => sums.map((sum) => (Number.isFinite(sum) ? sum : 0))
  return {
    kind: 'step',
    step,
    present: tokens.map((count) => count > 0),
    tokens,
    lossSum: usable(lossSum),
    sequences,
    signals: sequenceLossSum === undefined ? {} : { sequenceLossSum: usable(sequenceLossSum) },
    inForce,
  }
}

/** Reads the recordings of `ado`, the published selector. Its `lossRow` is rounded to float32; the fit reads it, which is recorded itself. */
const official = {
  golden: 'ado',
  settings,
  configure(hyperparameters, golden) {
    const variant = isOfPaper(golden) ? 'paper' : 'official'
    return { policy: 'ado', config: { variant, ...configure(hyperparameters, golden) } }
  },
  start,
  facts(step, current, golden) {
    const { sequenceCount, sequenceLossSum } = step.observation
    const sums = sequenceLossSum ?? sequenceCount.map(() => null)
    const tokens = sequenceCount.map((count) => count * tokensPerSequence)
    const lossSum = sums.map((sum) => (sum === null ? NaN : sum * tokensPerSequence))
    const told = { tokens, lossSum, sequences: sequenceCount, sequenceLossSum: sums }
    return withFit(step, golden, fact(step.step, told, current))
  },
  recorded: ({ credit, average }) => ({ creditHistory: credit, averagePolicy: average }),
  nullable: ['lossRow'],
}

/** Reads the recordings of `mixtera-ado`, the implementation in Mixtera. */
const mixtera = {
  golden: 'mixtera-ado',
  settings,
  configure(hyperparameters, golden) {
    const { variant } = hyperparameters
    if (variant !== undefined && variant !== 'vanilla') return { notCovered: `variant ${variant}` }
    return { policy: 'ado', config: { variant: 'mixtera', tokensPerCount: 1, ...configure(hyperparameters, golden) } }
  },
  start,
  facts(step, current, golden) {
    const { tokenCount, lossSum } = step.observation
    const sequences = tokenCount.map((tokens) => tokens / tokensPerSequence)
    const told = { tokens: tokenCount, lossSum: lossSum ?? tokenCount.map(() => null), sequences }
    return withFit(step, golden, fact(step.step, told, current))
  },
  /** Its state begins with the first policy step. */
  recorded: ({ credit, average, updates }) => ({
    creditHistory: updates === 0 ? null : credit,
    averagePolicy: updates === 0 ? null : average,
  }),
  nullable: ['creditHistory', 'averagePolicy'],
}

export const drivers = [official, mixtera]
