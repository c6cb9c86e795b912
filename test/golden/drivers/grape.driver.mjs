import { given, known, named } from '../settings.mjs'
import { stepFact } from '../step-fact.mjs'

const names = {
  learningRate: ['learningRate', 'gamma'],
  taskDivisor: ['taskDivisor', 'muTasks', 'muZ', 'mu_z'],
  domainDivisor: ['domainDivisor', 'muDomains', 'muAlpha', 'mu_alpha'],
  updateEvery: ['updateEvery', 'interval'],
}
const ratesOf = (observation) => named(observation, 'taskRate', 'taskRates', 'a')
const alignmentOf = (observation) => named(observation, 'taskAlignment', 'alignment', 'b')

/** Tasks by position: recorded names need not be fit for a signal. */
const tasksOf = ({ hyperparameters, steps }) => {
  const { tasks } = hyperparameters
  const count = Array.isArray(tasks) ? tasks.length : (tasks ?? ratesOf(steps[0].observation).length)
  return Array.from({ length: count }, (_, n) => `t${n}`)
}

/**
 * Reads recordings of `grape` in the format of the others: `taskAlignment` with a row per domain and a column per task, or,
 * where tasks are mixed already, one number per domain; `taskRate` with a number per task, or none where the mixture gives it.
 */
export const driver = {
  golden: 'grape',
  settings: known(...Object.values(names).flat(), 'tasks', 'taskRates', 'variant'),
  configure(hyperparameters, golden) {
    const config = given(Object.fromEntries(Object.entries(names).map(([key, all]) => [key, named(hyperparameters, ...all)])))
    const taskRates = ratesOf(golden.steps[0]?.observation) === undefined ? 'alignment' : 'signals'
    return { policy: 'grape', config: { ...config, tasks: tasksOf(golden), taskRates } }
  },
  facts(step, current, golden) {
    const { observation } = step
    const ones = golden.domains.map(() => 1)
    const reports = observation.gradientReports ?? observation.present ?? ones
    const rates = ratesOf(observation)
    const columns = tasksOf(golden).flatMap((task, n) => [
      [`taskAlignment.${task}`, alignmentOf(observation).map((row) => (Array.isArray(row) ? row[n] : row))],
      // Only the whole is known of a rate; the first domain that reports carries it.
      ...(rates === undefined ? [] : [[`taskRate.${task}`, ones.map((_, k) => (k === reports.findIndex(Boolean) ? rates[n] : 0))]]),
    ])
    const signals = { ...Object.fromEntries(columns), gradientReports: reports, learningRate: reports.map((count) => count * (observation.learningRate ?? 0)) }
    return [stepFact(step.step, { tokens: ones, lossSum: ones, sequences: reports, signals }, current)]
  },
  recorded: (state) => ({ taskWeights: state.taskWeights }),
  nullable: [],
}
