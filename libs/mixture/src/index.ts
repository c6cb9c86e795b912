export { openDesk, type RunDesk, type SavedDesk } from './run-desk.js'
export type { Ingested } from './ingested.js'
export type { LearningNeeded } from './resume.js'
export { lossDomainsFault } from './domain-fault.js'
export { stepTooFar } from './step-too-far.js'
export { commandOf } from './decide-mixture.js'
export type { RunMessage } from './run-message.js'
export { noEffects, type CheckpointEffect, type Effects, type Rejection } from './effects.js'
export type { Learning, RunState } from './run-state.js'
export { judgeStart } from './start-run.js'
export { problemsOfRequest, type PersonsRequest } from './requests.js'
export { mergeStep, type MergedStep, type Observation } from './merge-step.js'
export { createAssembler, emptyAssembly, type AssemblyState, type Assembler } from './assembler.js'
export { checkGuards } from './check-guards.js'
export {
  applyGuards,
  resolveGuards,
  simplexFault,
  type Guarded,
  type GuardedDomain,
  type GuardRails,
} from './guard-rails.js'
export { MixtureError } from './mixture-error.js'
export {
  createReplay,
  offPolicyWarning,
  type Replay,
  type ReplayChoice,
  type ReplayOptions,
  type ReplayReport,
} from './replay.js'
export { compareDecisions, type Comparison } from './compare-decisions.js'
export { createRefold, refoldLearning, type Refold } from './refold.js'
export type { SideBySide } from './side-by-side.js'
