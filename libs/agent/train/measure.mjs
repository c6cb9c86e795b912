// Measures an agent on worlds it has not seen: node measure.mjs [folder/name] [worlds]
//
// Every run goes the way of a real one, through the desk, the policy `agent` and the model; others run the same worlds beside
// it. The number is the mean held-out loss of all domains at the end, without noise. Intervals: 95 %, by resampling worlds.
import { createAgents, shippedModels } from '@mixdesk/agent'
import { openDesk } from '@mixdesk/mixture'
import { createLearner, randomFor, targetLoss, worlds } from '@mixdesk/simulation'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  bestFrom,
  domains,
  firstHeldOutSeed,
  horizonSteps,
  intervalTokens,
  intervals,
  learnerOptions,
  randomWorld,
} from './worlds.mjs'

const [given = `${shippedModels}example-agent`, count = '500'] = process.argv.slice(2)
const manifest = JSON.parse(readFileSync(`${given}.json`, 'utf8'))
const agents = createAgents([resolve(dirname(given))])

/** A whole run under a policy; the loss it ends with. */
async function run(world, seed, policy) {
  const learner = createLearner(learnerOptions(world, seed, policy))
  const start = learner.start()
  start.data.cadence = 1
  const desk = openDesk(start.data.run)
  let offset = 0
  const tell = (event) => {
    desk.ingest({ ...event, offset: offset++ })
    for (const command of desk.advance().effects.commands) learner.receive(command)
  }
  tell(start)
  if (desk.state().status !== 'running') throw new Error(desk.state().problems.join(' '))
  for (let step = 0; step < horizonSteps; step++) {
    for (const event of learner.stepEvents(step)) tell(event)
    const wanted = desk.wants()
    if (wanted === undefined) continue
    const { attempt, source } = wanted
    const values = [...(await agents.answer(wanted))]
    tell({ name: 'advice.given', data: { run: start.data.run, attempt, step: wanted.step, source, values } })
  }
  return targetLoss(world, learner.losses())
}

const contenders = {
  uniform: () => ({ name: 'uniform' }),
  agent: () => ({ name: 'agent', config: { manifest } }),
  odm: () => ({ name: 'odm' }),
  hindsight: (world) => {
    const best = bestFrom(
      world,
      domains.map(() => 0),
      intervals * intervalTokens,
    )
    return {
      name: 'static',
      config: { weights: Object.fromEntries(domains.map((name, k) => [name, best[k]])) },
    }
  },
}

async function measureWorld(world, seed) {
  const losses = {}
  for (const [name, policy] of Object.entries(contenders))
    losses[name] = await run(world, seed, policy(world))
  return losses
}

const mean = (values) => values.reduce((sum, one) => sum + one, 0) / values.length

/** 95 % of what other draws of worlds would have given. */
function interval(rows, statistic) {
  const random = randomFor(13, rows.length)
  const drawn = Array.from({ length: 2000 }, () =>
    statistic(rows.map(() => rows[Math.floor(random.uniform() * rows.length)])),
  ).sort((a, b) => a - b)
  return [drawn[50], drawn[1949]]
}

function say(title, rows, statistic, digits = 4) {
  const [low, high] = interval(rows, statistic)
  console.log(
    `${title.padEnd(58)} ${statistic(rows).toFixed(digits).padStart(8)}   [${low.toFixed(digits)}, ${high.toFixed(digits)}]`,
  )
}

const rows = []
for (let i = 0; i < Number(count); i++)
  rows.push(await measureWorld(randomWorld(firstHeldOutSeed + i), firstHeldOutSeed + i))

console.log(
  `${manifest.name}, model ${manifest.model.slice(0, 12)}, on ${rows.length} held-out worlds of ${intervals} intervals`,
)
for (const name of Object.keys(contenders))
  say(`final loss, nats: ${name}`, rows, (some) => mean(some.map((one) => one[name])))
for (const name of ['agent', 'odm', 'hindsight']) {
  say(`uniform − ${name}, nats`, rows, (some) => mean(some.map((one) => one.uniform - one[name])))
  say(
    `share of worlds in which ${name} beats uniform`,
    rows,
    (some) => mean(some.map((one) => (one[name] < one.uniform ? 1 : 0))),
    3,
  )
}
say(
  'share of the way from uniform to hindsight: agent',
  rows,
  (some) =>
    mean(some.map((one) => one.uniform - one.agent)) / mean(some.map((one) => one.uniform - one.hindsight)),
  3,
)

console.log('\nWorlds of the simulation, 20 seeds each (final loss, nats):')
for (const world of [worlds.plain, worlds.transfer, worlds.drifting]) {
  const some = []
  for (let seed = 1; seed <= 20; seed++) some.push(await measureWorld(world, firstHeldOutSeed + seed))
  const told = Object.keys(contenders).map(
    (name) => `${name} ${mean(some.map((one) => one[name])).toFixed(4)}`,
  )
  console.log(`${world.name.padEnd(10)} ${told.join(', ')}`)
}
await agents.close()
