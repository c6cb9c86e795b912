import { configure } from '../configure.js'
import type { PolicyStart } from '../policy.js'
import { positionProblems, units } from './position.js'
import { budgetProblems } from './schedule-budget.js'
import type { Phase, Plan, ScheduleConfig } from './schedule-config.js'
import type { Find } from './schedule-find.js'
import { positionsOf, startAmong } from './schedule-part.js'
import { expandPreset } from './schedule-presets.js'
import { singles, untilProblems } from './schedule-until.js'
import { UnusablePreset } from './unusable-preset.error.js'

/** What a configuration comes to in a run; a schedule of nothing keeps the mixture. */
export function planOf(config: ScheduleConfig, start: PolicyStart): Plan {
  const { preset, phases = [{ policy: 'static' }], repeat, budgets } = config
  if (preset === undefined)
    return {
      phases,
      ...(repeat === undefined ? {} : { repeat }),
      ...(budgets === undefined ? {} : { budgets }),
    }
  const expanded = expandPreset(preset, start)
  if (expanded.ok) return expanded.plan
  throw new UnusablePreset(preset.name, expanded.problems)
}

/** Everything that is wrong with a schedule for a run, in sentences. */
export function scheduleProblems(find: Find, config: ScheduleConfig, start: PolicyStart): readonly string[] {
  const { preset } = config
  if (preset === undefined) return planProblems(find, planOf(config, start), start)
  const others = (['phases', 'repeat', 'budgets'] as const).filter((key) => config[key] !== undefined)
  if (others.length > 0)
    return [
      `preset: expected a preset or phases of your own, got preset and ${others.join(', ')}; remove one of the two.`,
    ]
  const expanded = expandPreset(preset, start)
  if (!expanded.ok) return expanded.problems
  return planProblems(find, expanded.plan, start).map((problem) => `preset ${preset.name}: ${problem}`)
}

function planProblems(find: Find, plan: Plan, start: PolicyStart): readonly string[] {
  const { repeat, budgets } = plan
  return [
    ...repeatProblems(repeat),
    ...(budgets === undefined ? [] : budgetProblems('budgets', budgets, start.domains)),
    ...plan.phases.flatMap((phase, i) => [
      ...endProblems(plan, i, start),
      ...phaseProblems(find, phase, start).map((problem) => `phases[${i}].${problem}`),
    ]),
  ]
}

function repeatProblems(repeat: number | string | undefined): readonly string[] {
  return typeof repeat !== 'string' || repeat === 'forever'
    ? []
    : [`repeat: expected a whole number at least 1 or "forever", got "${repeat}"; give one of the two.`]
}

function phaseProblems(find: Find, phase: Phase, start: PolicyStart): readonly string[] {
  const { domains, budgets, transition } = phase
  const names = start.domains.map((domain) => domain.name)
  const known = new Set(names)
  const unknown = (domains ?? []).filter((name) => !known.has(name))
  if (unknown.length > 0)
    return [
      `domains: ${unknown.join(', ')} is no domain of this run, which has ${names.join(', ')}; correct or remove it.`,
    ]
  const own = domains === undefined ? start : startAmong(positionsOf(domains, start), start)
  return [
    ...policyProblems(find, phase, own),
    ...(budgets === undefined ? [] : budgetProblems('budgets', budgets, own.domains)),
    ...(transition === undefined ? [] : positionProblems('transition.over', transition.over, start.horizon)),
  ]
}

function policyProblems(find: Find, phase: Phase, start: PolicyStart): readonly string[] {
  const policy = find(phase.policy)
  if (policy === undefined) {
    return [`policy: expected a known policy, got "${phase.policy}"; choose one from the registry.`]
  }
  if (policy.meaning !== 'samplingProbability') {
    return [
      `policy: expected a policy that sets sampling probabilities, got ${policy.name}, whose weights multiply losses; run it on its own.`,
    ]
  }
  const configured = configure(policy, phase.config, start)
  return configured.ok ? [] : configured.problems.map((problem) => `config: ${problem}`)
}

/** Every phase but the last ends; positions of the run come in order, and make no sense in phases that are repeated. */
function endProblems({ phases, repeat }: Plan, i: number, start: PolicyStart): readonly string[] {
  const until = phases[i]!.until
  const path = `phases[${i}].until`
  if (i === phases.length - 1 && repeat === undefined) {
    return until === undefined
      ? []
      : [
          `${path}: expected nothing, for the last phase lasts as long as the run; remove it, or add a phase after it.`,
        ]
  }
  const problems = untilProblems(path, until, start)
  if (problems.length > 0 || until === undefined) return problems
  const fixed = units.find((one) => singles(until).some((single) => single[one] !== undefined))
  if (repeat !== undefined && fixed !== undefined) {
    return [
      `${path}: expected a length or a condition in phases that are repeated, got a position of the run (${fixed}); say until.after.${fixed} instead.`,
    ]
  }
  const unit = units.find((one) => until[one] !== undefined)
  if (unit === undefined) return []
  const before = phases.slice(0, i).findLast((phase) => phase.until?.[unit] !== undefined)?.until?.[unit]
  return before !== undefined && until[unit]! < before
    ? [
        `${path}.${unit}: expected at least ${before}, where an earlier phase ends, got ${until[unit]}; put the phases in order.`,
      ]
    : []
}
