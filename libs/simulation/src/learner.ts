import type { LossesMeasured, MixtureSet, RunFinished, RunStarted, TrainerEvent } from '@mixdesk/contracts'
import { drawBatch } from './draw-batch.js'
import { randomFor } from './random.js'
import { lossesAfter, type World } from './world.js'

export const learnerSignals = ['refLossSum', 'clippedExcessSum'] as const
export type LearnerSignal = (typeof learnerSignals)[number]

export type LearnerOptions = {
  readonly run: string
  readonly project: string
  readonly world: World
  readonly policy: RunStarted['policy']
  /** The same seed gives the same run, to the bit. */
  readonly seed: number
  readonly ranks?: number
  /** Mixture to start with; equal weights where absent. */
  readonly weights?: readonly number[]
  /** Sequences a rank trains on in one step. */
  readonly sequences?: number
  /** Tokens of a sequence. */
  readonly sequenceLength?: number
  readonly signals?: readonly LearnerSignal[]
  /** Loss of the reference model that signals compare with, by domain; 1.02 × what the world allows after the horizon where absent. */
  readonly referenceLoss?: readonly number[]
  /** Steps between held-out evaluations and between checkpoints; 0 for none. */
  readonly evaluateEvery?: number
  readonly checkpointEvery?: number
  readonly horizonSteps?: number
  /** What else `run.started` shall say. */
  readonly started?: Partial<
    Pick<RunStarted, 'guards' | 'cadence' | 'lateness' | 'params' | 'tags' | 'notes' | 'parent'>
  >
}

/** All that a learner needs to go on from a step: plain JSON, as a checkpoint. */
export type LearnerState = {
  readonly attempt: number
  /** Last step whose effect is in here; −1 before the first. */
  readonly step: number
  /** Tokens trained on, by domain; with a loss multiplier, tokens as the loss counted them. */
  readonly tokens: readonly number[]
  readonly weights: readonly number[]
  readonly multipliers: readonly number[] | null
  readonly mixtureVersion: number
}

export type Learner = {
  /** Last step done; −1 before the first. */
  readonly step: number
  readonly attempt: number
  readonly mixtureVersion: number
  /** Sampling probabilities in force. */
  readonly weights: readonly number[]
  /** Set once a command told the run to stop. */
  readonly stopping: boolean
  /** `run.started`. */
  start(): TrainerEvent
  /** Takes a command as a trainer does: the newest version wins, older ones are dropped. */
  receive(command: MixtureSet): void
  /** Trains the next step, and says all that a trainer says about it, in its order. */
  stepEvents(step: number): TrainerEvent[]
  /** `run.finished`. */
  finish(status?: RunFinished['status'], because?: string): TrainerEvent
  checkpoint(): LearnerState
  /** Goes back to a checkpoint as a new attempt: `run.resumed`. */
  restore(state: LearnerState, attempt?: number): TrainerEvent
  /** Held-out losses now, without noise. */
  losses(): number[]
}

/** A trainer without a network: it speaks the contract, learns by power laws, and obeys what it is sent. */
export function createLearner(options: LearnerOptions): Learner {
  const { run, project, world, seed, ranks = 1, sequences = 64, sequenceLength = 512 } = options
  const { signals = [], evaluateEvery = 0, checkpointEvery = 0, horizonSteps } = options
  const width = world.domains.length
  const horizonTokens = (horizonSteps ?? 1000) * ranks * sequences * sequenceLength
  const reference =
    options.referenceLoss ??
    lossesAfter(world, new Array<number>(width).fill(horizonTokens / width)).map((loss) => 1.02 * loss)

  let state: LearnerState = {
    attempt: 1,
    step: -1,
    tokens: new Array<number>(width).fill(0),
    weights: normalised(options.weights ?? new Array<number>(width).fill(1)),
    multipliers: null,
    mixtureVersion: 0,
  }
  let pending: MixtureSet | undefined
  let refusals: TrainerEvent[] = []
  let seen = 0
  let stopping = false

  function takeMixture(step: number): TrainerEvent[] {
    if (pending === undefined || pending.fromStep > step) return []
    const { version, meaning, weights } = pending
    pending = undefined
    state =
      meaning === 'samplingProbability'
        ? { ...state, weights: normalised(weights), mixtureVersion: version }
        : {
            ...state,
            multipliers: normalised(weights).map((weight) => weight * width),
            mixtureVersion: version,
          }
    return Array.from({ length: ranks }, (_, rank) => ({
      name: 'mixture.applied',
      data: { run, attempt: state.attempt, version, step, rank },
    }))
  }

  function measure(step: number, rank: number, losses: readonly number[]): LossesMeasured {
    const random = randomFor(seed, step, rank)
    const counts = drawBatch(state.weights, sequences, random.uniform())
    const tokens = counts.map((count) => count * sequenceLength)
    const means = losses.map((loss, k) => {
      // Drawn for every domain, so that a domain's noise does not hang on who else was sampled.
      const noise = random.gauss() * world.domains[k]!.noise
      return counts[k] === 0 ? 0 : loss + noise / Math.sqrt(counts[k]!)
    })
    const sums: Record<string, number[]> = {}
    for (const signal of signals)
      sums[signal] = means.map(
        (mean, k) =>
          tokens[k]! * (signal === 'refLossSum' ? reference[k]! : Math.max(0, mean - reference[k]!)),
      )
    return {
      run,
      attempt: state.attempt,
      step,
      rank,
      mixtureVersion: state.mixtureVersion,
      tokens,
      lossSum: means.map((mean, k) => mean * tokens[k]!),
      sequences: counts,
      ...(signals.length === 0 ? {} : { signals: sums }),
    }
  }

  const isDue = (step: number, every: number) => every > 0 && (step + 1) % every === 0

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
        domains: world.domains.map(({ name }, k) => ({ name, weight: state.weights[k]! })),
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
      const expected = world.domains.map(({ name }) => name)
      if (command.domains.length === width && command.domains.every((name, k) => name === expected[k]))
        pending = command
      else
        refusals.push({
          name: 'mixture.refused',
          data: {
            run,
            attempt,
            version: command.version,
            step: Math.max(0, step),
            because: `The domains of this run are ${expected.join(', ').slice(0, 3500)}.`,
          },
        })
    },

    stepEvents(step) {
      if (step !== state.step + 1)
        throw new RangeError(`Step ${state.step + 1} comes next, step ${step} was asked for.`)
      const events: TrainerEvent[] = [...refusals, ...takeMixture(step)]
      refusals = []
      const losses = lossesAfter(world, state.tokens)
      const learned = [...state.tokens]
      for (let rank = 0; rank < ranks; rank++) {
        const data = measure(step, rank, losses)
        events.push({ name: 'losses.measured', data })
        data.tokens.forEach((count, k) => {
          learned[k]! += count * (state.multipliers?.[k] ?? 1)
        })
      }
      state = { ...state, step, tokens: learned }
      const { attempt } = state
      if (isDue(step, evaluateEvery))
        events.push({
          name: 'evaluation.measured',
          data: { run, attempt, step, loss: lossesAfter(world, learned) },
        })
      if (isDue(step, checkpointEvery))
        events.push({
          name: 'checkpoint.saved',
          data: { run, attempt, step, uri: `memory:${run}/${attempt}/${step}` },
        })
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

    losses: () => lossesAfter(world, state.tokens),
  }
}

function normalised(weights: readonly number[]): number[] {
  let sum = 0
  for (const weight of weights) sum += weight
  return weights.map((weight) => weight / sum)
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
