import type { PolicyDomain } from './policy.js'

/** What is wrong with numbers given by domain name: names that the run does not have, and domains that got no number. */
export function byDomainProblems(
  path: string,
  given: Readonly<Record<string, number>>,
  domains: readonly PolicyDomain[],
): readonly string[] {
  const names = domains.map((domain) => domain.name)
  const known = new Set(names)
  const unknown = Object.keys(given).filter((name) => !known.has(name))
  const missing = names.filter((name) => !Object.hasOwn(given, name))
  return [
    ...(unknown.length === 0
      ? []
      : [
          `${path}: expected names of domains of this run, got ${unknown.join(', ')} as well; correct or remove them.`,
        ]),
    ...(missing.length === 0
      ? []
      : [
          `${path}: expected a number for every domain of this run, got none for ${missing.join(', ')}; add them.`,
        ]),
  ]
}
