import { stepFact, wholeObservation } from './step-fact.mjs'

const holdsFromTheStart = /hold the last score; before the first score it is ln\(vocabularySize\)/

/** Reads the recordings of `doremi`, the published trainer's rule. */
export const doremiDriver = {
  golden: 'doremi',
  settings: ['stepSize', 'smoothing', 'vocabularySize', 'missingDomain'],
  configure({ missingDomain, ...rest }) {
    if (missingDomain !== undefined && missingDomain !== 'hold' && !holdsFromTheStart.test(missingDomain)) {
      return { notCovered: `missingDomain ${missingDomain}` }
    }
    return { policy: 'doremi', config: { variant: 'official', ...rest } }
  },
  fact(step, current) {
    const { tokenCount, sequenceCount, clippedExcessSum, lossSum } = wholeObservation(step.observation)
    return stepFact(
      step.step,
      {
        tokens: tokenCount,
        // The rule does not read losses; a lean recording leaves them out.
        lossSum: lossSum ?? tokenCount.map(() => 0),
        sequences: sequenceCount,
        signals: { clippedExcessSum },
      },
      current,
    )
  },
  recorded: (state) => ({
    perDomainScore: state.scores,
    averageWeights: state.averageWeights,
    updateCounter: state.averaged,
  }),
  /** Our state as it is after a recorded step. */
  stored: (state, recorded, weights) => ({
    ...state,
    weights,
    scores: recorded.perDomainScore,
    averageWeights: recorded.averageWeights,
    averaged: recorded.updateCounter,
  }),
  nullable: [],
}
