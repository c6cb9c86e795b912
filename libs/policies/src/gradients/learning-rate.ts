import type { StepFact } from '../policy.js'
import { pooledMean } from '../numerics/pooled-mean.js'

export const learningRateSchema = {
  description:
    'A constant learning rate of the model. null: the signal `learningRate`, which follows a schedule.',
  type: ['number', 'null'],
  exclusiveMinimum: 0,
} as const

/** The learning rate of the model in a step: the configured one, or the mean of what the step reports; never negative. */
export function learningRateOf(
  config: { readonly learningRate: number | null },
  fact: StepFact,
): number | undefined {
  const { learningRate, gradientReports } = fact.signals
  const rate = config.learningRate ?? pooledMean(fact, learningRate, gradientReports)
  return rate === undefined || rate < 0 ? undefined : rate
}
