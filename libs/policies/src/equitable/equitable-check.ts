import { byDomainProblems } from '../by-domain.js'
import type { EquitableConfig } from './equitable-state.js'
import type { PolicyStart } from '../policy.js'

/** What the schema cannot say: names of domains, and relations between settings. */
export function equitableFaults(config: EquitableConfig, { domains }: PolicyStart): readonly string[] {
  const { costs, importance, held, caps, curves, fewestSizes, sizesToStarve, historyPoints } = config
  const scales = curves === null ? null : Object.fromEntries(Object.keys(curves).map((name) => [name, 0]))
  const named = { costs, importance, held, caps, curves: scales }
  return [
    ...Object.entries(named).flatMap(([path, given]) =>
      given === null ? [] : byDomainProblems(path, given, domains),
    ),
    ...(fewestSizes <= sizesToStarve
      ? []
      : [
          `fewestSizes: expected at most sizesToStarve (${sizesToStarve}), got ${fewestSizes}; lower it or raise the other.`,
        ]),
    ...(2 * sizesToStarve <= historyPoints
      ? []
      : [
          `historyPoints: expected at least twice sizesToStarve (${sizesToStarve}), got ${historyPoints}; raise it or lower the other.`,
        ]),
  ]
}
