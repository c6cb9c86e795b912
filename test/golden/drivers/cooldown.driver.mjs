import { stepFact } from '../step-fact.mjs'

/** An infinite temperature has no number in JSON. */
const heat = (temperature) =>
  temperature === null || temperature === Infinity || /^\+?(inf|infinity|infinite)$/i.test(String(temperature))
    ? 'infinite'
    : temperature

/** Reads the recordings of `cooldown`: temperature sampling by size, with one drop. */
export const driver = {
  golden: 'cooldown',
  settings: ['sizes', 'highTemperature', 'lowTemperature', 'switchStep'],
  configure({ sizes, highTemperature, lowTemperature = 1, switchStep = null }, { domains }) {
    return {
      policy: 'temperature',
      config: {
        temperature: heat(highTemperature),
        finalTemperature: heat(lowTemperature),
        // A switch between two steps happens at the later one.
        switchAt: switchStep === null ? null : { steps: Math.max(0, Math.ceil(switchStep)) },
        sizes: Array.isArray(sizes) ? Object.fromEntries(domains.map((name, i) => [name, sizes[i]])) : sizes,
      },
    }
  },
  facts({ step }, current) {
    const nothing = current.map(() => 0)
    return [stepFact(step, { tokens: nothing, lossSum: nothing, sequences: nothing }, current)]
  },
  recorded(state, config) {
    const temperature = state.switched ? config.finalTemperature : config.temperature
    return {
      temperature: temperature === 'infinite' ? null : temperature,
      lossMultipliers: state.lossMultipliers,
      varianceFactor: state.varianceFactor,
    }
  },
  /** No number is infinite in JSON. */
  nullable: ['temperature'],
}
