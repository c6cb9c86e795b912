import { describeValue } from './describe-value.js'
import type { AnyPolicy, Policy, PolicyStart } from './policy.js'
import { validate } from './validate.js'

export type Configured<Config> =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly string[] }

/**
 * Makes a policy's configuration from what was given: fills in defaults (key by key, not deeper), then asks the schema,
 * then, when that finds nothing, the policy. Every fault is reported at once, each in a sentence that says what was
 * expected, what came and what to do.
 */
export function configure<Config, State>(
  policy: Policy<Config, State>,
  given: unknown,
  start: PolicyStart,
): Configured<Config> {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    return {
      ok: false,
      problems: [
        `The configuration of ${policy.name}: expected an object, got ${describeValue(given)}; give an object, or leave it out for the defaults.`,
      ],
    }
  }
  const entries = Object.entries(given ?? {}).filter(([, value]) => value !== undefined)
  const config = { ...policy.defaults, ...Object.fromEntries(entries) } as Config
  const faults = validate(policy.schema, config)
  const problems = faults.length > 0 ? faults : policy.check(config, start)
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config }
}

/** What of a configuration its digest is taken of: see `laterSettings`. */
export function digestible(policy: AnyPolicy, config: unknown): unknown {
  const later: readonly string[] = policy.laterSettings ?? []
  const { defaults } = policy as { readonly defaults: Readonly<Record<string, unknown>> }
  const isOld = ([key, value]: [string, unknown]) =>
    !later.includes(key) || JSON.stringify(value) !== JSON.stringify(defaults[key])
  return Object.fromEntries(Object.entries(config as object).filter(isOld))
}
