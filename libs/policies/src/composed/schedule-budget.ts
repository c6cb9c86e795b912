import type { PolicyDomain, StepFact } from '../policy.js'
import { tokensIn } from './position.js'
import type { Budget } from './schedule-config.js'
import { toMixture } from '../numerics/to-mixture.js'

/** What was used of every domain: tokens, and steps in which it had any. */
export type Used = { readonly tokens: readonly number[]; readonly steps: readonly number[] }

type Budgets = Readonly<Record<string, Budget>>

export const nothingUsed = (domains: number): Used => ({
  tokens: new Array<number>(domains).fill(0),
  steps: new Array<number>(domains).fill(0),
})

export function usedWith(used: Used, fact: StepFact): Used {
  const tokens = used.tokens.slice()
  const steps = used.steps.slice()
  for (let i = 0; i < tokens.length; i++) {
    const read = tokensIn(fact, i)
    if (read === 0) continue
    tokens[i] = Math.min(tokens[i]! + read, Number.MAX_VALUE)
    steps[i]!++
  }
  return { tokens, steps }
}

/** Whether a domain has used as much as a budget gives, counted from `before`. */
export function isUsedUp(
  budget: Budget,
  domain: PolicyDomain,
  i: number,
  used: Used,
  before?: Used,
): boolean {
  const { steps, tokens, passes } = budget
  const read = used.tokens[i]! - (before?.tokens[i] ?? 0)
  return (
    (steps !== undefined && used.steps[i]! - (before?.steps[i] ?? 0) >= steps) ||
    (tokens !== undefined && read >= tokens) ||
    (passes !== undefined && domain.tokens !== undefined && read >= passes * domain.tokens)
  )
}

/** What limits a phase: budgets of the run, and its own, counted from `before`. */
export type Limits = {
  readonly run: Budgets | undefined
  readonly phase: Budgets | undefined
  readonly before: Used
}

/** Which domains have left. */
export const spent = (domains: readonly PolicyDomain[], used: Used, limits: Limits): readonly boolean[] =>
  domains.map((domain, i) => hasLeft(domain, i, used, limits))

export function hasLeft(
  domain: PolicyDomain,
  i: number,
  used: Used,
  { run, phase, before }: Limits,
): boolean {
  const { name } = domain
  return (
    (run !== undefined && Object.hasOwn(run, name) && isUsedUp(run[name]!, domain, i, used)) ||
    (phase !== undefined && Object.hasOwn(phase, name) && isUsedUp(phase[name]!, domain, i, used, before))
  )
}

/** The mixture of those that are left, in the same proportions; undefined where nobody is. */
export function withoutSpent(
  weights: readonly number[],
  left: readonly boolean[],
): readonly number[] | undefined {
  return toMixture(weights.map((weight, i) => (left[i] === true ? 0 : weight)))
}

/** What is wrong with budgets for these domains, in sentences. */
export function budgetProblems(
  path: string,
  budgets: Budgets,
  domains: readonly PolicyDomain[],
): readonly string[] {
  const byName = new Map(domains.map((domain) => [domain.name, domain]))
  return Object.entries(budgets).flatMap(([name, budget]) => {
    const domain = byName.get(name)
    return domain === undefined
      ? [
          `${path}: expected budgets of ${[...byName.keys()].join(', ')}, got one of "${name}"; correct the name or remove it.`,
        ]
      : amountProblems(`${path}.${name}`, budget, domain)
  })
}

/** What is wrong with the amounts of a budget, in sentences. */
export function amountProblems(
  path: string,
  budget: Budget,
  { name, tokens }: PolicyDomain,
): readonly string[] {
  if (budget.steps === undefined && budget.tokens === undefined && budget.passes === undefined)
    return [`${path}: expected steps, tokens or passes, got none; say how much of ${name} may be used.`]
  return budget.passes !== undefined && !(tokens !== undefined && tokens > 0)
    ? [
        `${path}.passes: expected a domain that declares its tokens, but ${name} declares none; declare them, or give tokens or steps.`,
      ]
    : []
}
