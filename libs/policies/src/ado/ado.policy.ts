import { adoFaults } from './ado-check.js'
import { withEvaluation, withStep } from './ado-fold.js'
import { adoGuide } from './ado-guide.js'
import { adopted, lawsFrom } from './ado-refit.js'
import { adoSchema } from './ado-schema.js'
import { adoSettings, type AdoConfig, type AdoSettings } from './ado-settings.js'
import type { AdoState } from './ado-state.js'
import type { AdoTerms } from './ado-step.js'
import { emptyHistory } from './loss-history.js'
import type { Policy } from '../policy.js'
import { propose } from '../propose.js'
import { toMixture } from '../numerics/to-mixture.js'

/**
 * Adaptive Data Optimization (Jiang et al. 2024, arXiv 2410.11820, ICLR 2025): a scaling law per domain, fitted to the losses of
 * the run itself, says how fast each domain is being learned; what is learned fastest is sampled more, relative to a prior and to
 * how much it was sampled lately. O(K) a step; a refit every 1000 steps (`fitScalingLaw`) takes about 1 ms a domain.
 */
export const ado: Policy<AdoConfig, AdoState> = {
  name: 'ado',
  version: 1,
  title: 'Adaptive Data Optimization',
  purpose:
    'Samples more from domains whose own scaling law says that they are being learned fastest, without a proxy run.',
  cites: ['arXiv:2410.11820', 'github.com/yidingjiang/ado', 'github.com/eth-easl/mixtera'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: adoGuide,
  signals: () => [],
  evaluations: (config) => (config.losses === 'evaluation' ? { loss: true } : {}),
  defaults: {
    variant: 'recommended',
    prior: 'start',
    fit: 'own',
    parameters: null,
    startStep: 1000,
    refitEvery: 1000,
    ignoreSteps: 500,
    creditSmoothing: 0.1,
    creditExponent: 0.5,
    creditOf: 'share',
    preferenceShare: 0.1,
    floor: 0.01,
    sharedCount: true,
    tokensPerCount: 1024,
    losses: 'training',
    subsample: 10,
    smoothingWindow: 101,
    smoothingOrder: 3,
    historyPoints: 128,
    huberDelta: 1e-3,
    lowestExponent: 1e-3,
    highestExponent: 0.8,
    countUnit: null,
    slopeExponentFloor: null,
    smoothing: null,
    fewestPoints: null,
    highestLoss: null,
    lowestLogIrreducible: null,
    highestLogScale: null,
    bounds: null,
    adopt: null,
    refitsFrom: null,
  },
  schema: adoSchema,
  check: adoFaults,
  initialState(config, start) {
    const domains = start.domains.length
    const counted = toMixture(start.domains.map(({ tokens }) => tokens ?? 0))
    const prior = (config.prior === 'tokens' ? counted : undefined) ?? start.weights
    const terms = restingTerms(config.preferenceShare, prior)
    return {
      prior,
      weights: prior,
      credit: prior,
      average: prior,
      counts: new Array<number>(domains).fill(0),
      laws: config.parameters === null ? start.domains.map(() => null) : lawsFrom(config.parameters.flat()),
      lastLosses: start.domains.map(() => null),
      history: emptyHistory(config.losses === 'evaluation' ? 1 : config.subsample),
      evaluation: null,
      step: null,
      fittedAt: null,
      refusal: null,
      updates: 0,
      terms,
      base: terms,
    }
  },
  evolve(config, state, fact) {
    switch (fact.kind) {
      case 'mixture':
        return { ...state, base: state.terms }
      case 'advice': {
        if (config.fit !== 'advice' || fact.values.length !== 3 * state.prior.length) return state
        const laws = lawsFrom(fact.values)
        const refusal = laws.includes(null) ? 'a parameter of the advice is not finite' : null
        return adopted(adoSettings(config), state, laws, { step: fact.step, refusal })
      }
      case 'evaluation':
        return config.losses === 'evaluation' && config.fit === 'own'
          ? withEvaluation(adoSettings(config), state, fact)
          : state
      case 'step':
        return withStep(adoSettings(config), state, fact)
    }
  },
  decide(config, state, current) {
    if (state.updates === 0) return { kind: 'hold', because: whyNot(adoSettings(config), state) }
    const { credit, learningSpeed, floor, average } = state.terms
    const since = (now: readonly number[], then: readonly number[]) => now.map((value, i) => value - then[i]!)
    return propose(
      {
        weights: state.weights,
        summary: `ADO (${config.variant}) after ${state.updates} updates: domains that are being learned fastest gain, by ${fitted(config, state)}, prior and credit; the newest preference has ${(100 * config.preferenceShare).toPrecision(3)} % of the weights, the average of earlier ones the rest.`,
        parts: {
          learningSpeed: since(learningSpeed, state.base.learningSpeed),
          credit: since(credit, state.base.credit),
          floor: since(floor, state.base.floor),
          average: since(average, state.base.average),
        },
        unchanged: 'The learning speeds so far ask for the mixture that is already in force.',
      },
      current,
    )
  },
}

function fitted(config: AdoConfig, { fittedAt }: AdoState): string {
  if (fittedAt === null) return 'scaling laws of the configuration'
  return `scaling laws ${config.fit === 'own' ? 'fitted' : 'advised'} at step ${fittedAt}`
}

function whyNot(settings: AdoSettings, { step, refusal }: AdoState): string {
  if (step === null) return 'No update yet: no step has carried tokens of a domain.'
  if (step < settings.startStep)
    return `No update yet: the prior stays in force before step ${settings.startStep}.`
  if (refusal !== null) return `No update yet: the last fit was refused, since ${refusal}.`
  return settings.fit === 'own'
    ? 'No update yet: the first fit follows with the next step that the cadence names.'
    : 'No update yet: no advice with three parameters a domain has come.'
}

/** What the terms are as long as the policy is its prior. */
function restingTerms(share: number, prior: readonly number[]): AdoTerms {
  const zeros = prior.map(() => 0)
  const [kept, averaged] = [share, 1 - share].map((part) => prior.map((weight) => part * weight))
  return { prior: kept!, credit: zeros, learningSpeed: zeros, floor: zeros, average: averaged! }
}
