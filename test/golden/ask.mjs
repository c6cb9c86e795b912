import { configure, findPolicy } from '@mixdesk/policies'

/** A policy with its configuration for a run: `{ policy, config, start }`, or `{ notCovered: why }` where it is refused. */
export function setUp(name, given, start) {
  const policy = findPolicy(name)
  const configured = configure(policy, given, start)
  return configured.ok
    ? { policy, config: configured.config, start }
    : { notCovered: configured.problems.join(' ') }
}

/** What a run that has just begun answers to some facts: `{ state, proposal }`. */
export function askAfresh({ policy, config, start }, facts) {
  const state = facts.reduce((before, fact) => policy.evolve(config, before, fact), policy.initialState(config, start))
  return { state, proposal: policy.decide(config, state, start.weights) }
}

/** The mixture a proposal leads to, or null where there is none to compare. */
export const weightsOf = (proposal, current) =>
  proposal.kind === 'hold' ? null : proposal.kind === 'steer' ? current : proposal.weights

/** A run over these domains, from the given weights or evenly. */
export const startOver = (domains, weights) => ({
  domains: domains.map((name) => ({ name })),
  weights: weights ?? domains.map(() => 1 / domains.length),
})

/** A step that carries signals only: `{ signal: [number a domain] }`. A domain with a number that is missing is absent. */
export function signalFact(step, signals, domains) {
  const columns = Object.values(signals)
  const present = domains.map((_, i) => columns.every((column) => Number.isFinite(column[i])))
  const nothing = domains.map(() => 0)
  return {
    kind: 'step',
    step,
    present,
    tokens: nothing,
    lossSum: nothing,
    signals: Object.fromEntries(
      Object.entries(signals).map(([name, column]) => [name, column.map((value, i) => (present[i] ? value : 0))]),
    ),
    inForce: domains.map(() => 1 / domains.length),
  }
}
