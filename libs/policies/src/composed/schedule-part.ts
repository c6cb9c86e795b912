import type { PolicyFact, PolicyStart } from '../policy.js'
import { toMixture } from '../numerics/to-mixture.js'

/** Positions of the named domains in the run's list, in its order. */
export function positionsOf(names: readonly string[], start: PolicyStart): readonly number[] {
  const wanted = new Set(names)
  return start.domains.flatMap((domain, i) => (wanted.has(domain.name) ? [i] : []))
}

const pick = <T>(positions: readonly number[], values: readonly T[]) => positions.map((i) => values[i]!)

/** A mixture as it is among some of its domains; even among them where none of them has weight. */
export function mixtureAmong(positions: readonly number[], weights: readonly number[]): readonly number[] {
  return toMixture(pick(positions, weights)) ?? positions.map(() => 1 / positions.length)
}

/** The run as a policy for some of its domains finds it. */
export function startAmong(positions: readonly number[], start: PolicyStart): PolicyStart {
  return {
    ...start,
    domains: pick(positions, start.domains),
    weights: mixtureAmong(positions, start.weights),
  }
}

/** A fact as a policy for some of the domains is told of it. Advice speaks to whoever asked for it and stays as it is. */
export function factAmong(positions: readonly number[], fact: PolicyFact): PolicyFact {
  switch (fact.kind) {
    case 'advice':
      return fact
    case 'mixture':
      return { ...fact, weights: mixtureAmong(positions, fact.weights) }
    case 'evaluation':
      return { ...fact, loss: pick(positions, fact.loss) }
    case 'step': {
      const { sequences } = fact
      const signals = Object.entries(fact.signals).map(
        ([name, values]) => [name, pick(positions, values)] as const,
      )
      return {
        ...fact,
        present: pick(positions, fact.present),
        tokens: pick(positions, fact.tokens),
        lossSum: pick(positions, fact.lossSum),
        ...(sequences === undefined ? {} : { sequences: pick(positions, sequences) }),
        signals: Object.fromEntries(signals),
        inForce: mixtureAmong(positions, fact.inForce),
      }
    }
  }
}

/** Numbers of some domains among those of all, with 0 for the rest. */
export function spread(
  positions: readonly number[],
  values: readonly number[],
  domains: number,
): readonly number[] {
  const all = new Array<number>(domains).fill(0)
  positions.forEach((position, i) => (all[position] = values[i]!))
  return all
}
