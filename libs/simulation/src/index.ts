export { bestFixedMixture, lossOfMixture, type BestMixture } from './best-mixture.js'
export { drawBatch } from './draw-batch.js'
export { deliverTwice, shuffleRanks } from './faults.js'
export {
  createLearner,
  learnerSignals,
  tellRun,
  type Learner,
  type LearnerOptions,
  type LearnerSignal,
  type LearnerState,
} from './learner.js'
export { randomFor, xoshiro128, type Random } from './random.js'
export {
  lossesAfter,
  targetLoss,
  wideWorld,
  worlds,
  type World,
  type WorldDomain,
  type WorldName,
} from './world.js'
