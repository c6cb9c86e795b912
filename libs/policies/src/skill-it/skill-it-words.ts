import type { Gathered } from '../evaluations/gather-evaluation.js'
import type { SkillItConfig } from './skill-it-config.js'

type Told = {
  readonly evaluations: number
  readonly newest: Gathered | null
  readonly last: readonly (number | null)[]
}

export const nothingToStratify =
  'No domain has a positive edge into an evaluation skill, so there is nothing to stratify over.'

/** Neither graph nor prior nor targets: before the first evaluation every domain is as good as another. */
export const knowsNothing = (config: SkillItConfig): boolean =>
  config.graph === null && config.prior === null && config.targetSkills === null

/** The hold while evaluations are still to come. */
export function missing(config: SkillItConfig, state: Told): string {
  const names = config.targetSkills ?? config.evaluationSkills
  const absent = state.last.filter((loss) => loss === null).length
  const which =
    names === null
      ? `${absent} of ${state.last.length} domains`
      : names.filter((_, c) => state.last[c] === null).join(', ')
  const what = config.evaluationSkills === null ? 'a held-out `loss`' : 'a score'
  return `No update yet: no evaluation has given ${what} of ${which}.`
}

export function summary(config: SkillItConfig, state: Told): string {
  if (config.mode === 'stratified')
    return 'Skill-It, stratified: an equal share for the evaluated skills and all that help them.'
  if (config.mode === 'static') return 'Skill-It, static: weights from the graph, as if every loss were 1.'
  if (state.evaluations === 0)
    return 'Skill-It before its first evaluation: weights from the graph, as if every loss were 1.'
  const carried = state.newest!.losses.filter((loss) => loss === null).length
  const aside =
    carried === 0
      ? ''
      : ` ${carried} of ${state.last.length} skills had no loss in the newest evaluation; their last ones stand.`
  return `Skill-It (${config.variant}) after ${state.evaluations} evaluations: domains gain that help skills with high losses.${aside}`
}
