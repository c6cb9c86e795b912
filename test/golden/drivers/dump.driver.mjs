import { advantageOptions, advantageSettings, rolloutFact, valueByValue } from '../rollouts.mjs'

/** Reads the recordings of `dump`: rollouts one by one, reports of count and mean, or pass counts of prompts. */
export const driver = {
  golden: 'dump',
  settings: ['windowRollouts', 'temperature', 'explorationWeight', 'floor', 'countPrompts', 'countRollouts', ...advantageSettings],
  configure({ floor, countPrompts, countRollouts, windowRollouts, temperature, explorationWeight, ...rest }, golden) {
    const { epsilon, deviation } = advantageOptions(rest)
    if (deviation === undefined) return { notCovered: 'the deviation it names' }
    const passes = golden.steps.some((step) => step.observation.promptPass !== undefined)
    const config = {
      variant: 'paper',
      signal: passes ? 'passCounts' : 'sums',
      bonusCounts: countPrompts === true || countRollouts === false ? 'prompts' : 'rollouts',
      windowRollouts,
      temperature,
      explorationWeight,
      // The only published implementation with a floor clamps.
      floor: floor ?? 0,
      floorBy: 'clamping',
      deviation,
      deviationEpsilon: epsilon,
      validationScores: Object.fromEntries(golden.domains.map((name) => [name, name])),
    }
    return { policy: 'dump', config }
  },
  facts({ step, observation }, current, { domains }) {
    const { kind, advantages, reports, promptPass } = observation
    if (kind === 'validation') return validation(step, advantages)
    if (promptPass !== undefined) return prompts(step, domains, promptPass, current)
    if (reports === undefined) return valueByValue(step, domains, advantages, 'absAdvantageSum', current)
    const of = (name) => reports[name] ?? { rollouts: 0, absAdvantage: 0 }
    const rollouts = domains.map((name) => of(name).rollouts)
    const sums = domains.map((name) => of(name).absAdvantage && of(name).absAdvantage * of(name).rollouts)
    return [rolloutFact(step, { rollouts, absAdvantageSum: sums }, current)]
  },
  recorded: ({ statistic, windows, seen, score }) => ({
    windowMean: statistic,
    windowLength: windows.map((window) => window.reduce((sum, count, i) => (i % 2 === 0 ? sum + count : sum), 0)),
    rollouts: seen,
    score,
  }),
  nullable: [],
}

/** One number a domain, one evaluation for each of a list of them. */
function validation(step, values) {
  const longest = Math.max(0, ...Object.values(values).map((list) => [list].flat().length))
  return Array.from({ length: longest }, (_, n) => {
    const scores = Object.entries(values).flatMap(([name, list]) => ([list].flat()[n] ?? null) === null ? [] : [[name, [list].flat()[n]]])
    return { kind: 'evaluation', step, loss: [], scores: Object.fromEntries(scores) }
  })
}

/** Prompt by prompt, so that pass counts are exact. */
function prompts(step, domains, promptPass, current) {
  const lists = domains.map((name) => promptPass[name] ?? [])
  const longest = Math.max(1, ...lists.map((list) => list.length))
  return Array.from({ length: longest }, (_, n) =>
    rolloutFact(
      step,
      {
        successes: lists.map((list) => list[n]?.[0] ?? 0),
        rollouts: lists.map((list) => list[n]?.[1] ?? 0),
        prompts: lists.map((list) => (n < list.length ? 1 : 0)),
      },
      current,
    ),
  )
}
