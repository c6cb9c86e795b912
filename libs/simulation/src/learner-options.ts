import type { Controls, MixtureSet, RunFinished, RunStarted, TrainerEvent } from '@mixdesk/contracts'
import type { WorldState } from './dynamics.js'
import type { World } from './world.js'

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
  /** Sequences a rank trains on in one step; where domains are prompts, rollouts. */
  readonly sequences?: number
  /** Tokens of a sequence. */
  readonly sequenceLength?: number
  /** Names of the signals to send, of those that the world has (`hasSignal`). */
  readonly signals?: readonly string[]
  /** Loss of the reference model that signals compare with, by domain; 1.02 × what uniform training for the horizon leads to where absent. */
  readonly referenceLoss?: readonly number[]
  /** Reported as a signal, and what gradients are divided by. The worlds learn without one. */
  readonly learningRate?: number
  /** Steps between held-out evaluations and between checkpoints; 0 for none. A command may ask for evaluations besides. */
  readonly evaluateEvery?: number
  readonly checkpointEvery?: number
  /** Standard deviation of a held-out loss as it is measured, nats. */
  readonly evaluationNoise?: number
  readonly horizonSteps?: number
  /** What else `run.started` shall say. */
  readonly started?: Partial<
    Pick<
      RunStarted,
      'guards' | 'cadence' | 'lateness' | 'params' | 'tags' | 'notes' | 'parent' | 'signals' | 'evaluations'
    >
  >
}

/** All that a learner needs to go on from a step: plain JSON, as a checkpoint. */
export type LearnerState = {
  readonly attempt: number
  /** Last step whose effect is in here; −1 before the first. */
  readonly step: number
  readonly world: WorldState
  readonly weights: readonly number[]
  readonly multipliers: readonly number[] | null
  readonly controls: Controls
  /** Step after which a command wants the held-out losses; −1 for none. */
  readonly evaluateAt: number
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
