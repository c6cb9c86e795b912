export type * from './policy.js'
export { allPolicies, findPolicy, plugIn, policies } from './registry.js'
export { tryOut } from './try-out.js'
export { describePolicy, type PolicyDescription, type SettingDescription } from './describe-policy.js'
export {
  agentSource,
  agentTitle,
  manifestProblems,
  manifestSchema,
  type AgentFeedback,
  type AgentManifest,
} from './agent/agent-manifest.js'
export { configure, digestible, type Configured } from './configure.js'
export { validate, type Schema } from './validate.js'
export { doremiResult } from './losses/doremi-result.js'
export { fitScalingLaw, type FitOptions, type LossCurve } from './ado/ado-fit.js'
export { scalingLawLoss, type ScalingLaw } from './ado/scaling-law.js'
export { cycleSizes, type CycleSizes } from './composed/cycle-sizes.js'
export { schedulePresets } from './composed/schedule-presets.js'
export type { AnySchedulePreset, SchedulePreset } from './composed/schedule-preset.js'
export { dogeResult } from './gradients/doge-result.js'
export {
  absoluteAdvantageSum,
  meanAbsoluteAdvantage,
  type AdvantageOptions,
} from './rollouts/mean-absolute-advantage.js'
export {
  learnSkillGraph,
  type FinishedSkillRun,
  type LearnedSkillGraph,
  type SkillGraphRequest,
} from './skill-it/learn-skill-graph.js'
export { projectToSimplex } from './numerics/project-to-simplex.js'
export { toMixture } from './numerics/to-mixture.js'
export { softmax } from './numerics/softmax.js'
export { logSumExp } from './numerics/log-sum-exp.js'
export { sum } from './numerics/sum.js'
export { acceptedSuccesses, fillBatch, isAccepted, type AcceptBand } from './controls/accept-band.js'
export { selectRollouts, type RolloutSelection } from './controls/select-rollouts.js'
export { sequenceWeights, temperatureAt, type LossReweighting } from './controls/reweight-losses.js'
export { gradientSpread, type GradientReport } from './controls/cures-rollouts.js'
export { knapsackValue, type InformationGain } from './controls/knapsack-value.js'
export {
  allocateExactly,
  type Allocation,
  type KnapsackRules,
  type PassRates,
} from './controls/knapsack-exact.js'
export { allocateOfficially } from './controls/knapsack-official.js'
export {
  allocate as allocateEquitably,
  type Allocation as EquitableAllocation,
  type Group as EquitableGroup,
  type LearningCurve,
} from './equitable/equitable-allocation.js'
export { UnknownPolicy } from './unknown-policy.error.js'
export { UnusablePreset } from './composed/unusable-preset.error.js'
