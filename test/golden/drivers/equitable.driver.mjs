import { configure, findPolicy } from '@mixdesk/policies'
import { isMixture, judged, measure, notCovered } from '../measure.mjs'
import { known } from '../settings.mjs'

/** Both are finite here: a cap that is null, and a group that was given none. */
const endless = Number.MAX_VALUE
const objectives = ['sum', 'max']
const settings = known('objective')

/** Every recorded step is a problem of its own, with its curves: known curves of the configuration, and one decision. */
function solved({ domains, hyperparameters }, { weight, a, b, floorLoss, cost, held, cap, budget }) {
  const policy = findPolicy('equitable')
  const byName = (values) => Object.fromEntries(domains.map((name, i) => [name, values[i]]))
  const caps = cap === null || cap === undefined ? null : byName(cap.map((most) => most ?? endless))
  const curves = byName(domains.map((_, i) => ({ scale: a[i], exponent: b[i], irreducible: floorLoss[i] })))
  const ones = domains.map(() => 1)
  const config = {
    objective: hyperparameters.objective ?? 'sum',
    budget,
    curves,
    caps,
    costs: byName(cost ?? ones),
    importance: byName(weight ?? ones),
    held: byName(held ?? ones.map(() => 0)),
  }
  const start = { domains: domains.map((name) => ({ name })), weights: domains.map(() => 1 / domains.length) }
  const configured = configure(policy, config, start)
  if (!configured.ok) return { problems: configured.problems.join(' ') }
  return { proposal: policy.decide(configured.config, policy.initialState(configured.config, start), start.weights) }
}

/** Reads the recordings of `equitable`. */
export const driver = {
  golden: 'equitable',
  compare(golden) {
    const unknown = Object.keys(golden.hyperparameters ?? {}).filter((key) => !settings.includes(key))
    if (unknown.length > 0) return notCovered(`settings ${unknown.join(', ')}`)
    const { objective } = golden.hyperparameters ?? {}
    if (objective !== undefined && !objectives.includes(objective)) return notCovered(`objective ${objective}`)
    const seen = measure()
    for (const { step, observation, output } of golden.steps) {
      const { problems, proposal } = solved(golden, observation)
      if (problems !== undefined) return notCovered(problems)
      // Nothing to buy, or an even mixture as it is already: there is no new mixture to compare.
      if (proposal.kind !== 'reweigh') continue
      seen.steps++
      if (!isMixture(proposal.weights)) seen.fault ??= `step ${step}: our weights are no mixture`
      seen.compare(step, output, { weights: proposal.weights, ...proposal.controls.allocation })
    }
    return judged(golden, seen)
  },
}
