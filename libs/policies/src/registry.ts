import { ado } from './ado/ado.policy.js'
import { agent } from './agent/agent.policy.js'
import { aioli } from './aioli/aioli.policy.js'
import { blend } from './composed/blend.policy.js'
import { clusterResampling } from './rollouts/cluster-resampling.policy.js'
import { cures } from './controls/cures.policy.js'
import { difficultyFilter } from './controls/difficulty-filter.policy.js'
import { doge } from './gradients/doge.policy.js'
import { doremi } from './losses/doremi.policy.js'
import { dump } from './rollouts/dump.policy.js'
import { dynamicBatchLoading } from './evaluations/dynamic-batch-loading.policy.js'
import { equitable } from './equitable/equitable.policy.js'
import { failureProfile } from './rollouts/failure-profile.policy.js'
import { filtered } from './composed/filtered.policy.js'
import { gaussianCurriculum } from './rollouts/gaussian-curriculum.policy.js'
import { grape } from './gradients/grape.policy.js'
import { knapsack } from './controls/knapsack.policy.js'
import { lossReweighting } from './controls/loss-reweighting.policy.js'
import { lossSlope } from './rollouts/loss-slope.policy.js'
import { mostUnderserved } from './evaluations/most-underserved.policy.js'
import { natural } from './fixed/natural.policy.js'
import { odm } from './losses/odm.policy.js'
import type { AnyPolicy } from './policy.js'
import { pike } from './gradients/pike.policy.js'
import { rewardGap } from './rollouts/reward-gap.policy.js'
import { rnb } from './gradients/rnb.policy.js'
import { schedule } from './composed/schedule.policy.js'
import { sec } from './rollouts/sec.policy.js'
import { skillIt } from './skill-it/skill-it.policy.js'
import { staticMixture } from './fixed/static.policy.js'
import { temperature } from './fixed/temperature.policy.js'
import { tryOut } from './try-out.js'
import { uniform } from './fixed/uniform.policy.js'
import { velocitune } from './evaluations/velocitune.policy.js'
import { warmUp } from './composed/warm-up.policy.js'

/** Every policy there is. To add one: a file, and a line here. */
export const policies: readonly AnyPolicy[] = [
  uniform,
  staticMixture,
  natural,
  temperature,
  odm,
  ado,
  doremi,
  doge,
  grape,
  rnb,
  pike,
  dump,
  sec,
  rewardGap,
  lossSlope,
  gaussianCurriculum,
  failureProfile,
  clusterResampling,
  mostUnderserved,
  difficultyFilter,
  cures,
  knapsack,
  lossReweighting,
  skillIt,
  dynamicBatchLoading,
  velocitune,
  aioli,
  equitable,
  agent,
  schedule(findPolicy),
  warmUp(findPolicy),
  blend(findPolicy),
  filtered(findPolicy),
]

const plugged: AnyPolicy[] = []

/** Every policy that a run may name: the registry's, and those that were plugged in. */
export const allPolicies = (): readonly AnyPolicy[] => [...policies, ...plugged]

/**
 * Adds a policy from outside this package, once and before anything is folded: what policies there are belongs to the
 * program, as its own policies do, not to a run. Returns what stands against it, in sentences; empty when it was added.
 */
export function plugIn(policy: AnyPolicy): readonly string[] {
  const problems = tryOut(policy)
  const known = typeof policy.name === 'string' ? findPolicy(policy.name) : undefined
  if (known !== undefined && known !== policy)
    problems.push(`name: expected a name that no policy has, got "${policy.name}"; choose another.`)
  if (problems.length === 0 && known === undefined) plugged.push(policy)
  return problems
}

/** The policy of this name; composite policies find their parts by it too. */
export function findPolicy(name: string): AnyPolicy | undefined {
  return allPolicies().find((policy) => policy.name === name)
}
