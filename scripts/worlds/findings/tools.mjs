// What findings are made of: runs, each made once, and how to look at them.
import { worlds } from '@mixdesk/simulation'
import { runPolicy, usual, weightsAt } from '../run-policy.mjs'
import { setupsOf } from '../setups.mjs'

/** Runs of the usual setup (or of `way`, a part of its label), each made once: many findings need the same ones. */
const runs = new Map()
export function run(policy, world, options = {}) {
  const { way = '', ...more } = options
  const key = JSON.stringify([policy, world, options])
  if (!runs.has(key) || more.watch !== undefined) {
    const { configIn, trainer } = setupsOf([policy]).find(({ label }) => label.includes(way))
    const config = { ...configIn(worlds[world]), ...more.config }
    runs.set(key, runPolicy({ seed: 1, trainer, ...more, world: worlds[world], policy, config }))
  }
  return runs.get(key)
}
/** What keeping a mixture for the whole run leads to. */
export const kept = (weights, world) => run('static', world, { weights })
export const lossIn = (policy, world, options) => run(policy, world, options).loss

export const domainsOf = (world) => worlds[world].domains.map(({ name }) => name)
/** Numbers in domain order, by name. */
export const named = (world, numbers) =>
  Object.fromEntries(domainsOf(world).map((name, k) => [name, numbers[k]]))
export const argmax = (numbers) => numbers.indexOf(Math.max(...numbers))
export const argmin = (numbers) => numbers.indexOf(Math.min(...numbers))
export const range = (numbers) => Math.max(...numbers) - Math.min(...numbers)
export const sum = (numbers) => numbers.reduce((total, n) => total + n, 0)
/** Mean weight of every domain over the steps of a run. */
export function meanWeights(of) {
  const steps = Array.from({ length: usual.steps / 10 }, (_, i) => weightsAt(of, 10 * i))
  return steps[0].map((_, k) => sum(steps.map((weights) => weights[k])) / steps.length)
}
/** Positions, the largest number first. */
export const order = (numbers) => numbers.map((_, k) => k).sort((a, b) => numbers[b] - numbers[a])
export const sizes = (world) =>
  Object.fromEntries(worlds[world].domains.map(({ name, tokens }) => [name, tokens]))
export const everyWorld = Object.keys(worlds)
export const powerWorlds = everyWorld.filter((name) => worlds[name].kind === 'power laws')

/** Steps after which a run has a target loss at or below this, as its evaluations show it. */
export function stepsTo(of, loss) {
  const { domains } = worlds.prompts
  const total = sum(domains.map(({ importance }) => importance))
  const reached = of.evaluated.find(
    ({ losses }) => sum(losses.map((one, k) => one * domains[k].importance)) / total <= loss,
  )
  return reached === undefined ? Infinity : reached.step + 1
}
