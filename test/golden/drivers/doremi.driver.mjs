import { given, isOfPaper, known } from '../settings.mjs'
import { stepFact, wholeObservation } from '../step-fact.mjs'

const ways = { hold: /^hold\b(?!\s*neutral)/i, holdNeutral: /^hold\s*neutral\b|keeps? (its|the) share/i, zero: /^zero\b|^0$/i }
const wayOf = (text) => Object.keys(ways).find((way) => ways[way].test(String(text)))

/** What a held score is before the first, where words say so. */
const firstScoreOf = (text = '') =>
  /before.*\b(mean|average)\b/i.test(text) ? 'mean' : /before.*\b(0|zero)\b/i.test(text) ? 'zero' : undefined

/** What a step says of the excess losses; without sequence counts a domain is in the batch when it has tokens. */
function facts(step, current) {
  const { tokenCount, sequenceCount, clippedExcessSum, lossSum } = wholeObservation(step.observation)
  const fact = stepFact(
    step.step,
    {
      tokens: tokenCount,
      // The rule does not read losses; a lean recording leaves them out.
      lossSum: lossSum ?? tokenCount.map(() => 0),
      sequences: sequenceCount ?? tokenCount,
      signals: { clippedExcessSum },
    },
    current,
  )
  return [fact]
}

/** Our state as it is after a recorded step. */
const stored = (state, recorded, weights) => ({
  ...state,
  weights,
  scores: recorded.perDomainScore ?? state.scores,
  averageWeights: recorded.averageWeights ?? state.averageWeights,
  averaged: recorded.updateCounter ?? state.averaged,
})

/** Reads the recordings of `doremi`: the published trainer's rule, or the paper's where `rule` or the settings name it. */
const doremi = {
  golden: 'doremi',
  settings: known(
    ...['variant', 'stepSize', 'smoothing', 'vocabularySize', 'missingDomain', 'firstScore'],
    'averageIncludesStart',
  ),
  configure(hyperparameters, golden) {
    const { variant: _, missingDomain, ...rest } = given(hyperparameters)
    const way = wayOf(missingDomain ?? 'hold')
    if (way === undefined) return { notCovered: `missingDomain ${missingDomain}` }
    // The published trainer holds the last score, and ln(vocabularySize) before the first; the paper does not say.
    const first = firstScoreOf(missingDomain)
    const ofPaper = isOfPaper(golden) || way !== 'hold' || first !== undefined
    const missing = missingDomain === undefined ? {} : { missingDomain: way }
    const config = ofPaper ? { variant: 'paper', ...missing, ...given({ firstScore: first }) } : { variant: 'official' }
    return { policy: 'doremi', config: { ...config, ...rest } }
  },
  facts,
  recorded: (state, { variant, missingDomain }) => ({
    // Where a missing domain keeps its share or counts as 0, what is written down as its score is a matter of taste.
    ...(variant === 'official' || missingDomain === 'hold' ? { perDomainScore: state.scores } : {}),
    averageWeights: state.averageWeights,
    updateCounter: state.averaged,
  }),
  stored,
  /** A domain that has never had a score. */
  nullable: ['perDomainScore'],
}

/** Reads the recordings of `dataflex-doremi`, the rule of another trainer. */
const dataflex = {
  golden: 'dataflex-doremi',
  settings: known('stepSize', 'smoothing', 'scoreClip', 'averageIncludesStart'),
  configure({ scoreClip, ...rest }) {
    // Here null is a bound that is off, not one at its default.
    const clip = scoreClip === undefined ? {} : { scoreClip }
    return { policy: 'doremi', config: { variant: 'dataflex', ...given(rest), ...clip } }
  },
  facts,
  // The scores were summed in float32, which is coarser than the tolerance that the weights keep; they are not compared.
  recorded: (state) => ({ averageWeights: state.averageWeights, updateCounter: state.averaged }),
  stored,
  nullable: ['perDomainScore'],
}

export const drivers = [doremi, dataflex]
