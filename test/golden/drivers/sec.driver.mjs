import { absoluteAdvantageSum } from '@mixdesk/policies'
import { advantageOptions, advantageSettings, rolloutFact, valuesSummed } from '../rollouts.mjs'

const methods = { boltzmann: 'boltzmann', normalized_q: 'normalizedQ', greedy: 'greedy' }
const objectives = { adv: 'advantage', unnormalized_adv: 'unnormalisedAdvantage', progress: 'progress' }
const own = ['learningRate', 'temperature', 'method', 'objective', 'absent', 'greedyEpsilon', 'minimumQ']

/** Reads the recordings of `sec`. */
export const driver = {
  golden: 'sec',
  settings: [...own, ...advantageSettings],
  configure({ learningRate, temperature, method = 'boltzmann', objective = 'adv', absent = 'decay', greedyEpsilon, minimumQ, epsilon }) {
    if (methods[method] === undefined) return { notCovered: `method ${method}` }
    if (objectives[objective] === undefined) return { notCovered: `objective ${objective}` }
    const config = {
      learningRate,
      temperature: temperature ?? undefined,
      method: methods[method],
      objective: objectives[objective],
      absent,
      epsilon: greedyEpsilon ?? (method === 'greedy' ? (epsilon ?? undefined) : undefined),
      // What the published code calls its probabilities, whatever it selects by.
      greedyWeights: 'boltzmann',
      lowestQ: minimumQ,
    }
    return { policy: 'sec', config }
  },
  facts({ step, observation }, current, { domains, hyperparameters }) {
    const { objective = 'adv' } = hyperparameters
    if (observation.promptPass !== undefined) {
      const sums = domains.map((name) => absoluteAdvantageSum(observation.promptPass[name] ?? [], advantageOptions(hyperparameters)))
      const column = (key) => sums.map((one) => one[key])
      return [rolloutFact(step, { rollouts: column('rollouts'), absAdvantageSum: column('absAdvantageSum') }, current)]
    }
    const values = observation.rewards ?? Object.entries(observation).find(([key]) => /advantages$/i.test(key))?.[1] ?? {}
    const signal = { adv: 'absAdvantageSum', unnormalized_adv: 'absUnnormalisedAdvantageSum', progress: 'rewardSum' }[objective]
    const size = objective === 'progress' ? undefined : Math.abs
    return [valuesSummed(step, domains, values, { signal, size }, current)]
  },
  recorded: ({ q, lastReward }) => ({ q, lastReward }),
  nullable: [],
  /** An overflow of the published softmax passes; Q is as good as before. */
  recovers: true,
}
