import type { Controls, LossesMeasured, MixtureSet, TrainerEvent } from '@mixdesk/contracts'
import { drawBatchOf, type Batch } from './batch.js'
import { lossesAfter } from './best-mixture.js'
import { heldOutLosses, learn, untaught } from './dynamics.js'
import { gradientsOf, type Gradients } from './gradients.js'
import type { Learner, LearnerOptions, LearnerState } from './learner-options.js'
import { randomFor } from './random.js'
import { lastBinOf, signalReader } from './signals.js'

/** Ranks have numbers below a thousand; what evaluations draw must not meet them. */
const evaluator = 1_000_000

/** A trainer without a network: it speaks the contract, learns as its world does, and obeys what it is sent. */
export function createLearner(options: LearnerOptions): Learner {
  const { run, project, world, seed, ranks = 1, sequences = 64, sequenceLength = 512 } = options
  const { signals = [], evaluateEvery = 0, checkpointEvery = 0, evaluationNoise = 0, horizonSteps } = options
  const { learningRate = 0.01 } = options
  const width = world.domains.length
  const names = world.domains.map(({ name }) => name)
  const batchTokens = ranks * sequences * sequenceLength
  const horizonTokens = (horizonSteps ?? 1000) * batchTokens
  const reference =
    options.referenceLoss ??
    lossesAfter(world, new Array<number>(width).fill(horizonTokens / width)).map((loss) => 1.02 * loss)
  const readSignals = signalReader(world, signals)
  const lastBin = lastBinOf(signals)

  let state: LearnerState = {
    attempt: 1,
    step: -1,
    world: untaught(world),
    weights: normalised(options.weights ?? new Array<number>(width).fill(1)),
    multipliers: null,
    controls: {},
    evaluateAt: -1,
    mixtureVersion: 0,
  }
  let pending: MixtureSet | undefined
  let refusals: TrainerEvent[] = []
  let seen = 0
  let stopping = false

  function takeMixture(step: number): TrainerEvent[] {
    if (pending === undefined || pending.fromStep > step) return []
    const { version, meaning, weights } = pending
    const controls: Controls = pending.controls ?? {}
    pending = undefined
    const shares = normalised(weights)
    state = {
      ...state,
      ...(meaning === 'samplingProbability'
        ? { weights: shares }
        : { multipliers: shares.map((share) => share * width) }),
      controls,
      evaluateAt: controls.evaluateAfterSteps === undefined ? -1 : step + controls.evaluateAfterSteps - 1,
      mixtureVersion: version,
    }
    return Array.from({ length: ranks }, (_, rank) => ({
      name: 'mixture.applied',
      data: { run, attempt: state.attempt, version, step, rank },
    }))
  }

  function measured(step: number, rank: number, batch: Batch, gradients: () => Gradients): LossesMeasured {
    const { means, groups } = batch
    const tokens = batch.sequences.map((count) => count * sequenceLength)
    const sums = readSignals({
      ...{ world, state: state.world, means, tokens, sequences: batch.sequences, weights: state.weights },
      ...{ reference, learningRate, gradients, groups, lastBin, evaluated: isEvaluated(step) },
      chance: (stream) => randomFor(seed, step, rank, stream),
    })
    return {
      run,
      attempt: state.attempt,
      step,
      rank,
      mixtureVersion: state.mixtureVersion,
      tokens,
      lossSum: means.map((mean, k) => mean * tokens[k]!),
      sequences: [...batch.sequences],
      ...(signals.length === 0 ? {} : { signals: sums }),
    }
  }

  function evaluation(step: number): TrainerEvent {
    const random = randomFor(seed, step, evaluator)
    const loss = heldOutLosses(world, state.world).map((one) => one + evaluationNoise * random.gauss())
    // Tasks are named after domains: their loss, or the share of prompts that is passed.
    const score = world.kind === 'prompts' ? (k: number) => 1 - loss[k]! : (k: number) => loss[k]!
    const scores = Object.fromEntries(names.map((name, k) => [name, score(k)]))
    return { name: 'evaluation.measured', data: { run, attempt: state.attempt, step, loss, scores } }
  }

  const isDue = (step: number, every: number) => every > 0 && (step + 1) % every === 0
  const isEvaluated = (step: number) => isDue(step, evaluateEvery) || step === state.evaluateAt

  /** Trains all ranks on a step; the model changes once they are through. */
  function train(step: number): TrainerEvent[] {
    let known: Gradients | undefined
    const clipNorm = 1
    const gradients = () =>
      (known ??= gradientsOf(world, state.world, { batchTokens, learningRate, clipNorm }))
    const { weights, controls, multipliers } = state
    const before = state.world
    let after = before
    const events = Array.from({ length: ranks }, (_, rank): TrainerEvent => {
      const batch = drawBatchOf(world, before, { weights, controls, sequences, seed, step, rank })
      const data = measured(step, rank, batch, gradients)
      const factors = product(batch.factors, product(multipliers, controls.lossMultipliers))
      after = learn(world, after, data.tokens, factors)
      return { name: 'losses.measured', data }
    })
    state = { ...state, step, world: after }
    return events
  }

  return {
    get step() {
      return state.step
    },
    get attempt() {
      return state.attempt
    },
    get mixtureVersion() {
      return state.mixtureVersion
    },
    get weights() {
      return state.weights
    },
    get stopping() {
      return stopping
    },

    start: () => ({
      name: 'run.started',
      data: {
        run,
        project,
        attempt: 1,
        domains: world.domains.map(({ name, tokens }, k) => ({
          name,
          weight: state.weights[k]!,
          ...(tokens === undefined ? {} : { tokens }),
        })),
        policy: options.policy,
        ranks,
        ...(horizonSteps === undefined ? {} : { horizon: { steps: horizonSteps, tokens: horizonTokens } }),
        ...options.started,
      },
    }),

    receive(command) {
      if (command.run !== run || command.attempt !== state.attempt || command.version <= seen) return
      seen = command.version
      if (command.lifecycle !== 'train') stopping = true
      const { attempt, step } = state
      if (command.domains.length === width && command.domains.every((name, k) => name === names[k]))
        pending = command
      else
        refusals.push({
          name: 'mixture.refused',
          data: {
            run,
            attempt,
            version: command.version,
            step: Math.max(0, step),
            because: `The domains of this run are ${names.join(', ').slice(0, 3500)}.`,
          },
        })
    },

    stepEvents(step) {
      if (step !== state.step + 1)
        throw new RangeError(`Step ${state.step + 1} comes next, step ${step} was asked for.`)
      const events: TrainerEvent[] = [...refusals, ...takeMixture(step)]
      refusals = []
      events.push(...train(step))
      if (isEvaluated(step)) events.push(evaluation(step))
      if (isDue(step, checkpointEvery)) {
        const { attempt } = state
        events.push({
          name: 'checkpoint.saved',
          data: { run, attempt, step, uri: `memory:${run}/${attempt}/${step}` },
        })
      }
      return events
    },

    finish: (status = stopping ? 'stopped' : 'completed', because) => ({
      name: 'run.finished',
      data: {
        run,
        attempt: state.attempt,
        step: Math.max(0, state.step),
        status,
        ...(because === undefined ? {} : { because }),
      },
    }),

    checkpoint: () => structuredCopy(state),

    restore(from, attempt = Math.max(state.attempt, from.attempt) + 1) {
      if (from.step < 0)
        throw new RangeError('There is no step to resume from: the checkpoint was made before the first one.')
      state = { ...structuredCopy(from), attempt }
      pending = undefined
      refusals = []
      seen = from.mixtureVersion
      stopping = false
      return { name: 'run.resumed', data: { run, attempt, step: from.step, ranks } }
    },

    losses: () => heldOutLosses(world, state.world),
  }
}

function normalised(weights: readonly number[]): number[] {
  let sum = 0
  for (const weight of weights) sum += weight
  return weights.map((weight) => weight / sum)
}

type Factors = readonly number[] | null | undefined
function product(some: Factors, others: Factors): readonly number[] | undefined {
  if (some === null || some === undefined) return others ?? undefined
  return others === null || others === undefined ? some : some.map((factor, k) => factor * others[k]!)
}

/** Proves on the way that the state is plain JSON: a checkpoint that shares memory with its learner is none. */
const structuredCopy = (state: LearnerState): LearnerState =>
  JSON.parse(JSON.stringify(state)) as LearnerState

/** A whole run, told in order: its start, `steps` steps and its end, obeying whatever `receive` gets in between. */
export function* tellRun(learner: Learner, steps: number): Generator<TrainerEvent, void, undefined> {
  yield learner.start()
  while (learner.step + 1 < steps && !learner.stopping) yield* learner.stepEvents(learner.step + 1)
  yield learner.finish()
}
