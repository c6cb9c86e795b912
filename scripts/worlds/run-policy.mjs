// A run of a policy in a world, by the path every run takes: a learner speaks the contract, the run's desk folds what it
// says, and what the desk commands goes back to the learner. Nothing here is random but by its seed.
import { openDesk } from '@mixdesk/mixture'
import { configure, findPolicy } from '@mixdesk/policies'
import { createLearner, hasSignal, targetLoss } from '@mixdesk/simulation'

/** How long runs are and what a step is: 49,152 tokens, some 49 million in a run. */
export const usual = { steps: 1000, cadence: 10, evaluateEvery: 50, evaluationNoise: 0.005 }
const batches = {
  'power laws': { sequences: 96, sequenceLength: 512 },
  prompts: { sequences: 256, sequenceLength: 192 },
}
export const batchTokens = 96 * 512

/** What a policy is told of a run in this world before it starts. */
export function startIn(world, steps = usual.steps) {
  const { domains } = world
  return {
    domains: domains.map(({ name, tokens }) => ({ name, ...(tokens === undefined ? {} : { tokens }) })),
    weights: domains.map(() => 1 / domains.length),
    horizon: { steps, tokens: steps * batchTokens },
  }
}

/** The signals that a policy needs so configured, or undefined where the world doesn't have them all. */
export function signalsIn(world, name, config = {}) {
  const policy = findPolicy(name)
  const configured = configure(policy, config, startIn(world))
  if (!configured.ok) throw new Error(`${name} in ${world.name}: ${configured.problems.join(' ')}`)
  const signals = policy.signals(configured.config)
  return signals.every((signal) => hasSignal(world, signal)) ? signals : undefined
}

/**
 * Runs a policy in a world to the end and tells what came of it. `trainer` says what shall be unlike `usual`, `weights` is the
 * mixture it starts with, `alsoSend` names signals that are sent besides, and `watch` sees every event.
 */
export function runPolicy(run) {
  const { world, policy, config = {}, seed, weights, referenceLoss, guards, alsoSend = [], watch } = run
  const { steps, cadence, ...rest } = { ...usual, ...run.trainer }
  const needed = signalsIn(world, policy, config)
  if (needed === undefined) throw new Error(`The world ${world.name} has no signals for ${policy}.`)
  const signals = [...needed, ...alsoSend]
  const evaluations = { loss: true, scores: world.domains.map(({ name }) => name) }
  const learner = createLearner({
    ...{ run: 'run', project: 'worlds', world, seed, policy: { name: policy, config } },
    ...{ ...batches[world.kind], ...rest, horizonSteps: steps, signals },
    ...(weights === undefined ? {} : { weights }),
    ...(referenceLoss === undefined ? {} : { referenceLoss }),
    started: { cadence, signals, evaluations, ...(guards === undefined ? {} : { guards }) },
  })
  const desk = openDesk('run')
  const decisions = []
  const evaluated = []
  let offset = 0
  const hear = (event) => {
    watch?.(event)
    if (event.name === 'evaluation.measured')
      evaluated.push({ step: event.data.step, losses: learner.losses() })
    const ingested = desk.ingest({ ...event, offset: offset++ })
    const { effects } = desk.advance()
    const rejections = [...effects.rejections, ...(ingested.kind === 'rejected' ? [ingested] : [])]
    if (rejections.length > 0)
      throw new Error(`${policy} in ${world.name}: ${rejections.map((one) => one.because).join(' ')}`)
    for (const { type, data } of effects.events) if (type === 'MixtureDecided') decisions.push(data)
    for (const command of effects.commands) learner.receive(command)
  }
  hear(learner.start())
  const before = learner.losses()
  for (let step = 0; step < steps; step++) for (const event of learner.stepEvents(step)) hear(event)
  hear(learner.finish())
  const losses = learner.losses()
  const { learning } = desk.state()
  return {
    /** Target loss at the end, and the noise-free held-out losses it is made of; those of the start. */
    ...{ loss: targetLoss(world, losses), losses, before },
    /** Held-out losses on the way. */
    evaluated,
    /** What the desk decided, newest last; the mixture and the policy's state at the end. */
    ...{ decisions, weights: learning.weights, policyState: learning.policyState },
    /** What the model was trained on. */
    model: learner.checkpoint().world,
  }
}

/** The mixture that a step of the run was sampled by. */
export const weightsAt = ({ decisions }, step) =>
  decisions.findLast(({ fromStep }) => fromStep <= step).weights
