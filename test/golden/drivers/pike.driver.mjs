import { given, known, named } from '../settings.mjs'
import { stepFact, wholeObservation } from '../step-fact.mjs'

const names = {
  normFactor: ['normFactor', 'z1', 'zeta1'],
  varianceFactor: ['varianceFactor', 'z2', 'zeta2'],
  batchSize: ['batchSize', 'b'],
  updateEvery: ['updateEvery', 'T0'],
  balance: ['balance', 'tau'],
  minimumCount: ['minimumCount', 'minimum'],
}

/** Reads recordings of `pike` in the format of the others: sums with `gradientReports`, or without it the numbers themselves. */
export const driver = {
  golden: 'pike',
  settings: known(...Object.values(names).flat(), 'variant'),
  configure(hyperparameters, { rule = '' }) {
    const config = given(Object.fromEntries(Object.entries(names).map(([key, all]) => [key, named(hyperparameters, ...all)])))
    const isBalanced = config.balance !== undefined || /balanced/i.test(`${hyperparameters.variant ?? ''} ${rule}`)
    return { policy: 'pike', config: { ...config, variant: isBalanced ? 'balanced' : 'paper' } }
  },
  facts(step, current, { domains }) {
    const observed = wholeObservation(step.observation)
    const ones = domains.map(() => 1)
    const reports = observed.gradientReports ?? observed.present ?? ones
    const fact = stepFact(
      step.step,
      {
        tokens: observed.tokenCount ?? ones,
        lossSum: observed.lossSum ?? observed.loss ?? domains.map(() => 0),
        sequences: reports,
        signals: {
          gradientSquaredNorm: named(observed, 'gradientSquaredNorm', 'squaredNorm', 'n'),
          gradientVariance: named(observed, 'gradientVariance', 'variance', 'v'),
          gradientReports: reports,
        },
      },
      current,
    )
    return [fact]
  },
  recorded: (_state, _config, { controls }) => ({ batchCounts: controls?.batchCounts, lossMultipliers: controls?.lossMultipliers }),
  nullable: [],
}
