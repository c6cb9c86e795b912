export { bestFixedMixture, lossesAfter, lossOfMixture, type BestMixture } from './best-mixture.js'
export { drawBatch } from './draw-batch.js'
export { deliverTwice, shuffleRanks } from './faults.js'
export { createLearner, tellRun } from './learner.js'
export type { Learner, LearnerOptions, LearnerState } from './learner-options.js'
export { randomFor, xoshiro128, type Random } from './random.js'
export { hasSignal } from './signals.js'
export {
  targetLoss,
  type Drift,
  type PowerWorld,
  type PromptDomain,
  type PromptWorld,
  type Repetition,
  type World,
  type WorldDomain,
} from './world.js'
export { wideWorld, worlds, type WorldName } from './worlds.js'
