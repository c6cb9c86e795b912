import type { EvaluationFact, PolicyDomain, PolicyStart, StepFact } from '../policy.js'
import { isReached, positionProblems, shareProblems, tokensIn, type Progress } from './position.js'
import { amountProblems, isUsedUp, type Used } from './schedule-budget.js'
import type { Loss, Score, Threshold, Until } from './schedule-config.js'

/** Where a phase stands when it is asked whether it is over. */
export type Standing = {
  readonly start: PolicyStart
  /** Of the run, and since the phase began. */
  readonly run: Progress
  readonly phase: Progress
  /** For each measured condition, in order: measurements in a row that reached it. */
  readonly streaks: readonly number[]
  readonly used: { readonly now: Used; readonly before: Used } | null
}

const kinds = ['steps', 'tokens', 'share', 'after', 'loss', 'score', 'used', 'any', 'all'] as const

/** The conditions that wait for a loss or a score, in the order in which they are written. */
export function measured(until: Until | undefined): readonly (Loss | Score)[] {
  if (until === undefined) return []
  if (until.loss !== undefined) return [until.loss]
  if (until.score !== undefined) return [until.score]
  return (until.any ?? until.all ?? []).flatMap(measured)
}

/** Every condition in it that is no combination. */
export function singles(until: Until | undefined): readonly Until[] {
  if (until === undefined) return []
  return until.any !== undefined || until.all !== undefined
    ? (until.any ?? until.all ?? []).flatMap(singles)
    : [until]
}

/** The streaks after a fact; the same list where it says nothing new. What was reached stays reached. */
export function observe(
  until: Until | undefined,
  streaks: readonly number[],
  fact: StepFact | EvaluationFact,
  domains: readonly PolicyDomain[],
): readonly number[] {
  if (streaks.length === 0) return streaks
  const next = measured(until).map((condition, i) => {
    const before = streaks[i]!
    const value = 'task' in condition ? scoreIn(fact, condition) : lossIn(fact, condition, domains)
    if (before >= (condition.patience ?? 1) || value === undefined) return before
    return isMet(condition, value) ? before + 1 : 0
  })
  return next.every((streak, i) => streak === streaks[i]) ? streaks : next
}

function isMet({ below, above }: Threshold, value: number): boolean {
  return below === undefined ? above !== undefined && value >= above : value <= below
}

function scoreIn(fact: StepFact | EvaluationFact, { task }: Score): number | undefined {
  if (fact.kind !== 'evaluation' || !Object.hasOwn(fact.scores, task)) return undefined
  return finite(fact.scores[task])
}

function lossIn(
  fact: StepFact | EvaluationFact,
  { domain, of }: Loss,
  domains: readonly PolicyDomain[],
): number | undefined {
  if ((fact.kind === 'step') !== (of === 'training')) return undefined
  const i = domains.findIndex((one) => one.name === domain)
  if (i < 0) return undefined
  if (fact.kind === 'evaluation') return finite(fact.loss[i])
  const tokens = tokensIn(fact, i)
  return tokens > 0 ? finite(fact.lossSum[i]! / tokens) : undefined
}

const finite = (value: number | null | undefined) =>
  value !== null && value !== undefined && Number.isFinite(value) ? value : undefined

/** Whether a condition holds. */
export function isOver(until: Until, standing: Standing): boolean {
  return judge(until, standing, { next: 0 })
}

/** `at.next` counts the measured conditions passed, so none may be skipped: every part is judged. */
function judge(until: Until, standing: Standing, at: { next: number }): boolean {
  const { horizon, domains } = standing.start
  if (until.any !== undefined) return until.any.filter((one) => judge(one, standing, at)).length > 0
  if (until.all !== undefined)
    return until.all.filter((one) => judge(one, standing, at)).length === until.all.length
  if (until.after !== undefined) return isReached(until.after, horizon, standing.phase)
  const condition = until.loss ?? until.score
  if (condition !== undefined) return standing.streaks[at.next++]! >= (condition.patience ?? 1)
  if (until.used === undefined) return isReached(until, horizon, standing.run)
  const { used } = until
  const i = domains.findIndex((one) => one.name === used.domain)
  return (
    i >= 0 &&
    standing.used !== null &&
    isUsedUp(used, domains[i]!, i, standing.used.now, standing.used.before)
  )
}

/** What is wrong with a condition for a run, in sentences. */
export function untilProblems(path: string, until: Until | undefined, start: PolicyStart): readonly string[] {
  const given = kinds.filter((kind) => until?.[kind] !== undefined)
  if (until === undefined || given.length !== 1) {
    const got = given.length === 0 ? 'none' : given.join(' and ')
    return [
      `${path}: expected exactly one of ${kinds.join(', ')}, got ${got}; say with one of them where the phase ends.`,
    ]
  }
  const below = (until.any ?? until.all ?? []).flatMap((one, i) =>
    untilProblems(`${path}.${given[0]}[${i}]`, one, start),
  )
  const { share, after, loss, score, used } = until
  return [
    ...below,
    ...(share === undefined ? [] : shareProblems(`${path}.share`, start.horizon)),
    ...(after === undefined ? [] : positionProblems(`${path}.after`, after, start.horizon)),
    ...(loss === undefined ? [] : thresholdProblems(`${path}.loss`, loss)),
    ...(loss === undefined ? [] : nameProblems(`${path}.loss`, loss.domain, start)),
    ...(score === undefined ? [] : thresholdProblems(`${path}.score`, score)),
    ...(used === undefined ? [] : usedProblems(`${path}.used`, used, start)),
  ]
}

function usedProblems(path: string, used: NonNullable<Until['used']>, start: PolicyStart): readonly string[] {
  const domain = start.domains.find((one) => one.name === used.domain)
  return domain === undefined ? nameProblems(path, used.domain, start) : amountProblems(path, used, domain)
}

function nameProblems(path: string, name: string, { domains }: PolicyStart): readonly string[] {
  if (domains.some((domain) => domain.name === name)) return []
  const names = domains.map((domain) => domain.name).join(', ')
  return [`${path}.domain: expected a domain of ${names}, got "${name}"; correct the name.`]
}

function thresholdProblems(path: string, { below, above }: Threshold): readonly string[] {
  if ((below === undefined) !== (above === undefined)) return []
  const got = below === undefined ? 'none' : 'both'
  return [
    `${path}: expected exactly one of below, above, got ${got}; say with one of them when it is reached.`,
  ]
}
