import type { PolicyStart } from '../policy.js'
import type { Plan, ScheduleConfig } from './schedule-config.js'
import type { AnySchedulePreset } from './schedule-preset.js'
import { cooldown } from './schedule-presets/cooldown.preset.js'
import { cyclicCurriculum } from './schedule-presets/cyclic-curriculum.preset.js'
import { domainBudgets } from './schedule-presets/domain-budgets.preset.js'
import { domainUpsampling } from './schedule-presets/domain-upsampling.preset.js'
import { easyToHard } from './schedule-presets/easy-to-hard.preset.js'
import { interventions } from './schedule-presets/interventions.preset.js'
import { multiStage } from './schedule-presets/multi-stage.preset.js'
import { replay } from './schedule-presets/replay.preset.js'
import { validate } from '../validate.js'

/** Every recipe a schedule can be given by name. To add one: a file, and a line here. */
export const schedulePresets: readonly AnySchedulePreset[] = [
  domainUpsampling,
  cooldown,
  cyclicCurriculum,
  replay,
  easyToHard,
  interventions,
  domainBudgets,
  multiStage,
]

type Named = NonNullable<ScheduleConfig['preset']>
export type Expanded =
  { readonly ok: true; readonly plan: Plan } | { readonly ok: false; readonly problems: readonly string[] }

/** The phases that a preset comes to in a run, or what is wrong with its parameters. */
export function expandPreset(named: Named, start: PolicyStart): Expanded {
  const { preset, parameters } = found(named)
  if (preset === undefined) {
    const known = schedulePresets.map((one) => one.name).join(', ')
    return {
      ok: false,
      problems: [`preset.name: expected one of ${known}, got "${named.name}"; choose one of them.`],
    }
  }
  const faults = validate(preset.schema, parameters, 'preset')
  const problems =
    faults.length > 0
      ? faults
      : (preset.check?.(parameters, start) ?? []).map((problem) => `preset.${problem}`)
  return problems.length > 0 ? { ok: false, problems } : { ok: true, plan: preset.build(parameters, start) }
}

/** Phases of a preset that need signals or evaluations; none of a preset that does not exist. */
export function needsOfPreset(named: Named): Plan['phases'] {
  const { preset, parameters } = found(named)
  return preset?.needs?.(parameters) ?? []
}

function found({ name, ...given }: Named): { preset: AnySchedulePreset | undefined; parameters: object } {
  const preset = schedulePresets.find((one) => one.name === name)
  return { preset, parameters: { ...(preset?.defaults as object | undefined), ...given } }
}
