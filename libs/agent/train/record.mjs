// Records trajectories to learn from: node record.mjs <file.jsonl> [trajectories]
//
// A line a run: the mixture of every interval and the held-out losses after it, in a world of its own, under one of several
// simple ways to choose. In most runs somebody who knows the world takes over on the way and chooses what is best from there:
// that choice is what the warm start imitates.
import { createLearner, randomFor } from '@mixdesk/simulation'
import { createWriteStream } from 'node:fs'
import {
  anyMixture,
  bestFrom,
  domains,
  horizonSteps,
  intervals,
  learnerOptions,
  normalised,
  randomWorld,
  stepsPerInterval,
  stepTokens,
} from './worlds.mjs'

const [file, count = '6000'] = process.argv.slice(2)
if (file === undefined) {
  console.error('node record.mjs <file.jsonl> [trajectories]')
  process.exit(2)
}

const stream = 12
const even = domains.map(() => 1 / domains.length)
const blend = (share, one, other) => one.map((value, k) => (1 - share) * value + share * other[k])

/** Ways to choose the next mixture from the mixtures and losses so far. */
const ways = {
  /** Another mixture every interval. */
  random: (random) => () => anyMixture(random),
  /** Small steps from where it is. */
  walk: (random) => (history) =>
    normalised(history.at(-1).weights.map((weight) => (weight + 0.02) * Math.exp(0.5 * random.gauss()))),
  /** One mixture for the whole run. */
  fixed: (random) => {
    const mixture = anyMixture(random)
    return () => mixture
  },
  /** In proportion to what a token of each domain has just been worth to it, from even to greedy. */
  gain: (random) => {
    const sharpness = 2 * random.uniform()
    const exploration = 0.3 * random.uniform()
    return (history) => {
      const [before, last] = history.slice(-2)
      if (last === undefined) return anyMixture(random)
      const gains = last.losses.map(
        (loss, k) => Math.max(1e-4, before.losses[k] - loss) / (last.weights[k] + 0.02),
      )
      return blend(exploration, normalised(gains.map((gain) => gain ** sharpness)), anyMixture(random))
    }
  },
  /** More of what is still hard. */
  hard: (random) => {
    const temperature = 0.3 + 2 * random.uniform()
    return (history) => normalised(history.at(-1).losses.map((loss) => Math.exp(loss / temperature)))
  },
}
const kinds = Object.keys(ways)

function trajectory(seed) {
  const world = randomWorld(seed)
  const random = randomFor(stream, seed)
  const kind = kinds[seed % kinds.length]
  /** The decision from which on hindsight chooses; in one run of four never. */
  const takesOver = 1 + Math.floor((4 / 3) * (intervals - 1) * random.uniform())
  const first = random.uniform() < 0.5 ? even : anyMixture(random)
  const choose = ways[kind](random)
  const learner = createLearner({ ...learnerOptions(world, seed), weights: first })
  const trained = domains.map(() => 0)
  const entries = []
  let weights = first
  let best
  for (let step = 0; step < horizonSteps; step++) {
    const events = learner.stepEvents(step)
    events
      .find((event) => event.name === 'losses.measured')
      .data.tokens.forEach((count, k) => (trained[k] += count))
    const evaluation = events.find((event) => event.name === 'evaluation.measured')
    if (evaluation === undefined) continue
    entries.push({ weights, losses: evaluation.data.loss })
    const left = horizonSteps - step - 1
    if (entries.length === takesOver && left > 0) best = bestFrom(world, trained, left * stepTokens)
    weights = best ?? choose(entries)
    // As in a real run, the answer needs a step to arrive.
    learner.receive({
      ...{ run: `run-${seed}`, attempt: 1, version: entries.length, fromStep: step + 2, domains, weights },
      ...{ meaning: 'samplingProbability', lifecycle: 'train' },
    })
  }
  return { seed, kind, takesOver, entries }
}

const out = createWriteStream(file)
const began = performance.now()
for (let seed = 1; seed <= Number(count); seed++) {
  const line = JSON.stringify(trajectory(seed), (_key, value) =>
    typeof value === 'number' ? Number(value.toPrecision(7)) : value,
  )
  if (!out.write(`${line}\n`)) await new Promise((resolve) => out.once('drain', resolve))
}
out.end()
await new Promise((resolve) => out.once('close', resolve))
const seconds = ((performance.now() - began) / 1000).toFixed(0)
console.log(
  `${count} trajectories of ${intervals} intervals of ${stepsPerInterval} steps in ${seconds} s: ${file}`,
)
