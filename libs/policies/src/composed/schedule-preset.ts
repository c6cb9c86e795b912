import type { ConfigSchema, Json, PolicyStart } from '../policy.js'
import type { Phase, Plan } from './schedule-config.js'

/** A recipe that a configuration names: `{ preset: { name, …parameters } }` becomes phases when the run starts. */
export type SchedulePreset<Parameters> = {
  readonly name: string
  readonly title: string
  readonly cites: readonly string[]
  /** What it does, when it is of use, and what its source says; full sentences, plain text. */
  readonly describe: string
  readonly defaults: Parameters
  /** JSON Schema of the parameters; every property has a description. */
  readonly schema: ConfigSchema
  /** What is wrong with parameters for a run, in sentences that begin with the parameter. Asked after the schema. */
  check?(parameters: Parameters, start: PolicyStart): readonly string[]
  /** Phases that need signals or evaluations, as far as parameters alone say so. Left out: none. */
  needs?(parameters: Parameters): readonly Pick<Phase, 'policy' | 'config' | 'until'>[]
  build(parameters: Parameters, start: PolicyStart): Plan
}

/** A preset whose parameters are hidden, as the list holds it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- existential type: TypeScript has no other spelling
export type AnySchedulePreset = SchedulePreset<any>

/** Weights of every domain by name: the given ones with 0 for the rest, or those the run starts with where none is given. */
export function weightsOf(
  given: Readonly<Record<string, number>>,
  start: PolicyStart,
): Readonly<Record<string, number>> {
  const empty = Object.keys(given).length === 0
  const names = start.domains.map((domain) => domain.name)
  const entries = names.map(
    (name, i) => [name, empty ? start.weights[i]! : Object.hasOwn(given, name) ? given[name]! : 0] as const,
  )
  // Names of no domain stay, for the check of the phase to find them.
  return { ...given, ...Object.fromEntries(entries) }
}

/** The start weights of some domains, even among them where they have none; 0 for all others. */
export function startWeightsAmong(
  names: readonly string[],
  start: PolicyStart,
): Readonly<Record<string, number>> {
  const wanted = new Set(names)
  const weights = start.domains.map(({ name }, i) => (wanted.has(name) ? start.weights[i]! : 0))
  const some = weights.some((weight) => weight > 0)
  return Object.fromEntries(
    start.domains.map(({ name }, i) => [name, some || !wanted.has(name) ? weights[i]! : 1]),
  )
}

/** A phase of a fixed mixture. */
export function mixed(
  title: string,
  weights: Readonly<Record<string, number>>,
  rest: Omit<Phase, 'title' | 'policy' | 'config'> = {},
): Phase {
  return { title, policy: 'static', config: { weights }, ...rest }
}

export const weightsSchema = (description: string) => ({
  description,
  type: 'object',
  additionalProperties: { type: 'number', minimum: 0 },
})

/** What is wrong with a list that is to order domains: all of them, each once. Empty: the order of the run. */
export function orderProblems(path: string, order: readonly Json[], start: PolicyStart): readonly string[] {
  if (order.length === 0) return []
  const names = start.domains.map((domain) => domain.name)
  const listed = new Set(order)
  if (order.length === names.length && names.every((name) => listed.has(name))) return []
  return [
    `${path}: expected every domain once, which are ${names.join(', ')}, got ${order.map(String).join(', ')}; list them all, the easiest first.`,
  ]
}

export const orderOf = (order: readonly string[], start: PolicyStart): readonly string[] =>
  order.length > 0 ? order : start.domains.map((domain) => domain.name)
