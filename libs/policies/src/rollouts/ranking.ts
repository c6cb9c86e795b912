import type { RankBlock } from './gaussian-over-ranks.js'
import type { PolicyDomain } from '../policy.js'

/** Where each domain of the run lies in a ranking of items; null: domains in the run's order, one item each. */
export function rankBlocks(
  ranking: readonly string[] | null,
  items: Readonly<Record<string, number>> | null,
  domains: readonly PolicyDomain[],
): readonly RankBlock[] {
  const names = domains.map((domain) => domain.name)
  const blocks = new Map<string, RankBlock>()
  let first = 0
  for (const name of ranking ?? names) {
    const block = { first, items: items?.[name] ?? 1 }
    blocks.set(name, block)
    first += block.items
  }
  return names.map((name) => blocks.get(name)!)
}

/** What is wrong with a ranking for these domains: it has each of them once. */
export function rankingProblems(
  ranking: readonly string[] | null,
  domains: readonly PolicyDomain[],
): readonly string[] {
  if (ranking === null) return []
  const ranked = new Set(ranking)
  const names = new Set(domains.map((domain) => domain.name))
  const missing = [...names].filter((name) => !ranked.has(name))
  const unknown = [...ranked].filter((name) => !names.has(name))
  const faults = [
    ...(missing.length > 0 ? [`no place for ${missing.join(', ')}`] : []),
    ...(unknown.length > 0 ? [`${unknown.join(', ')}, which the run does not have`] : []),
    ...(ranked.size < ranking.length ? ['a name twice'] : []),
  ]
  if (faults.length === 0) return []
  return [
    `ranking: expected every domain of the run once, got ${faults.join(' and ')}; list each domain once, or leave it out for the order of the run.`,
  ]
}
