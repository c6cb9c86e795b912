import { stepFact } from '../step-fact.mjs'

const named = (weights, domains) =>
  Array.isArray(weights) ? Object.fromEntries(domains.map((name, i) => [name, weights[i]])) : weights

/** Reads the recordings of `domain-upsampling`: two mixtures and where the second begins. */
export const driver = {
  golden: 'domain-upsampling',
  settings: ['totalTokens', 'totalSteps', 'window', 'base', 'upsampled'],
  configure({ totalTokens, totalSteps, window, base, upsampled }, { domains }) {
    const total = totalTokens === undefined ? { steps: totalSteps } : { tokens: totalTokens }
    const weights = { base: named(base, domains), upsampled: named(upsampled, domains) }
    return { policy: 'schedule', config: { preset: { name: 'domain-upsampling', window, total, ...weights } } }
  },
  /** What was read since the step before, so that it adds up to what is recorded; a repeated step reads nothing new. */
  facts({ step, observation }, current, { steps }) {
    let counted = 0
    for (const one of steps.slice(0, steps.findIndex((other) => other.step === step)))
      counted += Math.max(0, (one.observation.tokensSeen ?? 0) - counted)
    const read = Math.max(0, (observation.tokensSeen ?? 0) - counted)
    const tokens = current.map((_, i) => (i === 0 ? read : 0))
    const sequences = current.map((_, i) => (i === 0 ? 1 : 0))
    return [stepFact(step, { tokens, lossSum: current.map(() => 0), sequences }, current)]
  },
  nullable: [],
}
