import type { ConfigSchema } from '../policy.js'

const byVariant = (text: string) => `${text} null: as the variant has it.`

export const adoSchema: ConfigSchema = {
  type: 'object',
  properties: {
    variant: {
      description:
        'The published code, the second implementation in Mixtera, the equations of the paper, or the published code with the settings that avoid its traps.',
      enum: ['recommended', 'official', 'mixtera', 'paper'],
    },
    prior: {
      description:
        'The mixture that preferences are relative to, and the policy before its first update: the one the run starts with, or the share of declared tokens.',
      enum: ['start', 'tokens'],
    },
    fit: {
      description:
        'Who fits the scaling laws: this policy at its cadence, or somebody else, whose parameters come as advice.',
      enum: ['own', 'advice'],
    },
    parameters: {
      description:
        'Laws to begin with: a row of logScale, logIrreducible and exponent a domain, in the order of the domains; loss = exp(logIrreducible) + exp(logScale) / count^exponent, nats. null: none.',
      type: ['array', 'null'],
      items: { type: 'array', items: { type: 'number' }, minItems: 3, maxItems: 3 },
    },
    startStep: {
      description: 'First step at which laws are fitted and the mixture may leave the prior.',
      type: 'integer',
      minimum: 0,
    },
    refitEvery: { description: 'Steps between two fits.', type: 'integer', minimum: 1 },
    ignoreSteps: {
      description: 'Steps at the beginning whose losses no fit uses.',
      type: 'integer',
      minimum: 0,
    },
    creditSmoothing: {
      description: 'Weight of the newest step in the moving average of how much each domain was sampled.',
      type: 'number',
      minimum: 0,
      maximum: 1,
    },
    creditExponent: {
      description: 'Power of that average in the preference; 0 leaves it out.',
      type: 'number',
      minimum: 0,
    },
    creditOf: {
      description:
        'What the power is taken of: the average share h, or h(1 − h) as in the published code before 9 December 2024.',
      enum: ['share', 'spread'],
    },
    preferenceShare: {
      description: 'Share of the newest preference in the mixture; the rest is the average of all before it.',
      type: 'number',
      minimum: 0,
      maximum: 1,
    },
    floor: {
      description:
        'Least share of a domain in a preference (Mixtera: in the mixture, of domains seen so far) before it is scaled to sum 1. Beyond half of uniform it counts as that, except in the official variant.',
      type: 'number',
      minimum: 0,
      maximum: 1,
    },
    slopeExponentFloor: {
      description: byVariant('Least exponent in the factor of the learning speed (not in the law).'),
      type: ['number', 'null'],
      minimum: 0,
    },
    sharedCount: {
      description:
        'Whether every domain counts the data of all (the same step size for all laws), or only its own.',
      type: 'boolean',
    },
    countUnit: {
      description: byVariant(
        'What laws count: sequences as reported (or as many as the tokens make), with the mean over sequences as loss where `sequenceLossSum` is sent; or tokens divided by tokensPerCount, with the mean over tokens.',
      ),
      enum: ['sequences', 'tokens', null],
    },
    tokensPerCount: {
      description: 'Tokens that make one unit of count; the bounds of the fit were chosen for 1024.',
      type: 'number',
      exclusiveMinimum: 0,
    },
    losses: {
      description: 'What laws are fitted to: training losses, or held-out losses from evaluations.',
      enum: ['training', 'evaluation'],
    },
    highestLoss: {
      description: byVariant('Mean losses above this, nats, count as not reported.'),
      type: ['number', 'null'],
      exclusiveMinimum: 0,
    },
    smoothing: {
      description: byVariant(
        'How training losses become points: means over blocks of steps (causal), a Savitzky-Golay filter (looks half a window ahead), or every so many-th step as it is.',
      ),
      enum: ['blockMean', 'savitzkyGolay', 'none', null],
    },
    subsample: { description: 'Steps to a point of a fit.', type: 'integer', minimum: 1 },
    smoothingWindow: {
      description: 'Steps under the filter, an odd number (savitzkyGolay only).',
      type: 'integer',
      minimum: 1,
    },
    smoothingOrder: {
      description: 'Degree of the polynomial in the filter (savitzkyGolay only).',
      type: 'integer',
      minimum: 0,
      maximum: 20,
    },
    historyPoints: {
      description:
        'Points kept a domain; when there are more, points are joined or dropped by halves, so that the state stops growing. 0 keeps all, as the published codes do.',
      type: 'integer',
      minimum: 0,
    },
    fewestPoints: {
      description: byVariant('Points a domain must have to be fitted.'),
      type: ['integer', 'null'],
      minimum: 1,
    },
    huberDelta: {
      description: 'Residual of the logarithm of a loss from which it counts linearly.',
      type: 'number',
      exclusiveMinimum: 0,
    },
    lowestExponent: { description: 'Lower bound on the exponent of a law.', type: 'number', minimum: 0 },
    highestExponent: {
      description: 'Upper bound on the exponent of a law.',
      type: 'number',
      exclusiveMinimum: 0,
    },
    lowestLogIrreducible: {
      description: byVariant(
        'Lower bound on the logarithm of the irreducible loss; −20 is none. The published 0.5 means 1.65 nats.',
      ),
      type: ['number', 'null'],
    },
    highestLogScale: {
      description: byVariant('Upper bound on logScale of a law.'),
      type: ['number', 'null'],
    },
    bounds: {
      description: byVariant(
        'Soft bounds cost 1 for each unit beyond them, against the sum of Huber terms; hard ones hold.',
      ),
      enum: ['soft', 'hard', null],
    },
    adopt: {
      description: byVariant(
        'Whether a fit that fails for one domain is refused as a whole, or that domain keeps its law.',
      ),
      enum: ['each', 'all', null],
    },
    refitsFrom: {
      description: byVariant('Whether refits count from startStep, or fall on multiples of refitEvery.'),
      enum: ['startStep', 'zero', null],
    },
  },
  additionalProperties: false,
}
