import { openDesk } from '@mixdesk/mixture'
import { createLearner, targetLoss } from '@mixdesk/simulation'
import { readFileSync, statSync } from 'node:fs'
import { afterAll, expect, it } from 'vitest'
import type { TrainerEvent } from '@mixdesk/contracts'
import {
  firstHeldOutSeed,
  horizonSteps,
  intervalTokens,
  learnerOptions,
  randomWorld,
} from '../train/worlds.mjs'
import { createAgents, shippedModels } from './agents.js'
import { readManifest } from './read-manifest.js'

const name = `${shippedModels}example-agent`
const manifest = readManifest(readFileSync(`${name}.json`, 'utf8'), 'example-agent.json')
const agents = createAgents([shippedModels])
afterAll(() => agents.close())

/** A run in a held-out world, as a trainer, the desk and the model live it; the loss it ends with. */
async function lossUnder(
  policy: { name: string; config?: Record<string, unknown> },
  seed: number,
): Promise<number> {
  const world = randomWorld(seed)
  const learner = createLearner({ ...learnerOptions(world, seed, policy), started: { cadence: 1 } })
  const desk = openDesk(`run-${seed}`)
  let offset = 0
  const tell = (event: TrainerEvent) => {
    desk.ingest({ ...event, offset: offset++ })
    for (const command of desk.advance().effects.commands) learner.receive(command)
  }
  tell(learner.start())
  expect(desk.state()!.problems).toEqual([])
  for (let step = 0; step < horizonSteps; step++) {
    for (const event of learner.stepEvents(step)) tell(event)
    const wanted = desk.wants()
    if (wanted === undefined) continue
    const values = [...(await agents.answer(wanted))]
    const { attempt, source } = wanted
    tell({ name: 'advice.given', data: { run: desk.run, attempt, step: wanted.step, source, values } })
  }
  return targetLoss(world, learner.losses())
}

it('the shipped example is small, and says what it was trained with', () => {
  expect(statSync(`${name}.onnx`).size + statSync(`${name}.json`).size).toBeLessThan(200_000)
  expect(manifest).toMatchObject({ name: 'example-agent', intervalTokens, progress: true, output: 'logits' })
})

it(
  'the shipped example leaves uniform weights behind in most worlds that it has not seen',
  { timeout: 180_000 },
  async () => {
    let better = 0
    for (let seed = firstHeldOutSeed; seed < firstHeldOutSeed + 20; seed++) {
      const agent = await lossUnder({ name: 'agent', config: { manifest } }, seed)
      if (agent < (await lossUnder({ name: 'uniform' }, seed))) better++
    }
    expect(better).toBeGreaterThanOrEqual(15)
  },
)
