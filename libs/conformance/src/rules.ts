/**
 * `must`: breaking it loses data, breaks decisions, or leaves the trainer with a mixture nobody meant. `should`: it works, but
 * something is less useful than it could be.
 */
export type Level = 'must' | 'should'

/** A rule as data: the kit checks it, the report names it, docs/integrate.md lists it. */
export type Rule<Id extends string = string> = {
  readonly id: Id
  readonly level: Level
  readonly sentence: string
  /** What to do about a fault. */
  readonly todo: string
  /** Section of docs/integrate.md that explains it. */
  readonly section: string
}

/** What broke a rule: what was expected, what came, and where. */
export type Detail = { readonly expected: string; readonly got: string; readonly where: string }
export type Finding = Detail & {
  readonly rule: string
  readonly level: Level
  readonly todo: string
  readonly docs: string
}
export type RuleResult = {
  readonly rule: string
  readonly level: Level
  readonly sentence: string
  /** `untried`: what the rule is about did not happen. */
  readonly outcome: 'held' | 'broken' | 'untried'
  /** How often it was broken; `findings` has the first few. */
  readonly faults: number
  readonly findings: readonly Finding[]
}

const page = 'docs/integrate.md'
const mostFindings = 5

/** Collects what was looked at and what was found. */
export type Findings<Id extends string> = {
  /** Notes that the rule was tried, and, where it does not hold, what was found. Returns whether it held. */
  check(id: Id, holds: boolean, detail: () => Detail): boolean
  /** How many faults this rule has. */
  faults(id: Id): number
  results(): readonly RuleResult[]
}

export function createFindings<Id extends string>(rules: readonly Rule<Id>[]): Findings<Id> {
  const tried = new Set<Id>()
  const found = new Map<Id, { count: number; readonly first: Detail[] }>()
  return {
    check(id, holds, detail) {
      tried.add(id)
      if (holds) return true
      const faults = found.get(id) ?? { count: 0, first: [] }
      found.set(id, faults)
      faults.count++
      if (faults.first.length < mostFindings) faults.first.push(detail())
      return false
    },
    faults: (id) => found.get(id)?.count ?? 0,
    results: () =>
      rules.map(({ id, level, sentence, todo, section }) => {
        const faults = found.get(id)
        return {
          rule: id,
          level,
          sentence,
          outcome: faults !== undefined ? 'broken' : tried.has(id) ? 'held' : 'untried',
          faults: faults?.count ?? 0,
          findings: (faults?.first ?? []).map((detail) => ({
            rule: id,
            level,
            ...detail,
            todo,
            docs: `${page}#${section}`,
          })),
        }
      }),
  }
}

/** The rules as the table that stands in docs/integrate.md; a test compares them. */
export const rulesTable = (rules: readonly Rule[]): string =>
  [
    '| Rule | Level | What it says |',
    '|---|---|---|',
    ...rules.map(({ id, level, sentence }) => `| \`${id}\` | ${level} | ${sentence} |`),
  ].join('\n')
