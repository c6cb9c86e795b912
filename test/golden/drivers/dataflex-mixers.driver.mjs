import { valueByValue } from '../rollouts.mjs'

const settings = [
  'kind',
  'window',
  'warmUpSteps',
  'everySteps',
  'floor',
  'temperature',
  'explorationWeight',
  'signed',
  'proportions',
  'statistic',
  'countsGiven',
]

/** Reads the recordings of `dataflex-mixers`: four rules in one folder, told apart by `kind`. */
export const driver = {
  golden: 'dataflex-mixers',
  settings,
  configure(given, golden) {
    const { kind, window, warmUpSteps = 0, everySteps = 1, floor, temperature, explorationWeight, signed } = given
    const { statistic = kind === 'tscl' ? 'slope' : 'mean', countsGiven = false } = given
    if (kind === 'static') return { policy: 'schedule', config: fixed(given, golden) }
    const shared = { warmupSteps: warmUpSteps, updateEvery: everySteps, floor, floorBy: 'clamping', temperature }
    if (kind === 'tscl') {
      const variant = statistic === 'slope' ? 'documented' : 'as-wired'
      return { policy: 'loss-slope', config: { ...shared, variant, signal: 'rewards', signed: signed ?? false, windowSequences: window } }
    }
    if (statistic !== 'mean') return { notCovered: `kind ${kind} with statistic ${statistic}` }
    if (kind === 'reward_gap') return { policy: 'reward-gap', config: { ...shared, windowSequences: window } }
    if (kind !== 'dump_ucb') return { notCovered: `kind ${kind}` }
    const variant = countsGiven ? 'dataflex' : 'dataflex-as-wired'
    return { policy: 'dump', config: { ...shared, variant, windowRollouts: window, explorationWeight } }
  },
  facts({ step, observation }, current, { domains, hyperparameters: { kind, countsGiven } }) {
    const signal = kind === 'dump_ucb' && countsGiven ? 'absAdvantageSum' : 'rewardSum'
    return valueByValue(step, domains, observation.values ?? {}, signal, current)
  },
  recorded: ({ statistic, seen }) => ({ statistic, count: seen }),
  nullable: [],
}

/** The fixed mixture comes into force on the first step that is due; until then the run keeps what it started with. */
function fixed({ proportions, warmUpSteps = 0, everySteps = 1 }, { domains }) {
  const weights = Object.fromEntries(domains.map((name, i) => [name, proportions?.[i] ?? 1]))
  const first = Math.ceil(warmUpSteps / everySteps) * everySteps
  return { phases: [{ policy: 'static', until: { steps: first } }, { policy: 'static', config: { weights } }] }
}
