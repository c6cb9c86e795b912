import { fillBatch, isAccepted } from '@mixdesk/policies'
import { askAfresh, setUp, signalFact, startOver, weightsOf } from '../ask.mjs'
import { judged, measure, notCovered } from '../measure.mjs'
import { known } from '../settings.mjs'

const settings = known(
  'rolloutsPerPrompt',
  'low',
  'high',
  'openInterval',
  'batch',
  'promptsPerRound',
  'maxRounds',
  'target',
)

/** Reads the recordings of `difficulty-filter`: the band as a control, and both kinds of weights from acceptance. */
export const driver = {
  golden: 'difficulty-filter',
  compare(golden) {
    const { domains, hyperparameters, steps } = golden
    const unknown = Object.keys(hyperparameters).filter((key) => !settings.includes(key))
    if (unknown.length > 0) return notCovered(`settings ${unknown.join(', ')}`)
    const { rolloutsPerPrompt, low, high, openInterval, batch, promptsPerRound, maxRounds, target } = hyperparameters
    const band = {
      low: low ?? 0,
      high: high ?? 1,
      open: openInterval ?? false,
      batch: batch ?? null,
      maxRefill: (maxRounds ?? 1e6) - 1,
      rolloutsPerPrompt,
    }
    const start = startOver(domains)
    const weighing = (weights) =>
      setUp('difficulty-filter', { ...band, unit: 'domain', weights, memory: 0, target: byName(domains, target) }, start)
    const subjects = [setUp('difficulty-filter', band, start), weighing('reduceWaste'), weighing('keepAcceptedShares')]
    const refused = subjects.find((subject) => subject.notCovered !== undefined)
    if (refused !== undefined) return notCovered(refused.notCovered)
    const [filter, towards, keeping] = subjects
    // The band needs no evidence: it is what a run is sent at its start.
    const { acceptBand } = askAfresh(filter, []).proposal.controls

    const seen = measure()
    for (const { step, observation, output } of steps) {
      const accepted = observation.successes.map((count) => isAccepted(acceptBand, count, rolloutsPerPrompt))
      const rules = {
        batch: acceptBand.batch ?? accepted.length,
        promptsPerRound: promptsPerRound ?? accepted.length,
        maxRefill: acceptBand.maxRefill,
      }
      const facts = [signalFact(step, histograms(observation, domains, rolloutsPerPrompt), domains)]
      const { state, proposal } = askAfresh(towards, facts)
      const shared = { accepted, ...fillBatch(accepted, rules) }
      // A domain without a prompt has no rate: what stands for it there is not said, and ours keeps its target share.
      const hasAll = state.seen.every((count) => count > 0)
      const ours = {
        ...shared,
        acceptanceRate: state.accepted.map((count, i) => (state.seen[i] > 0 ? count / state.seen[i] : null)),
        weightsTowardsAccepted: weightsOf(proposal, start.weights),
        weightsKeepingTarget: weightsOf(askAfresh(keeping, facts).proposal, start.weights),
      }
      seen.steps++
      seen.compare(step, output, hasAll ? ours : shared)
    }
    return judged(golden, seen)
  },
}

const byName = (domains, shares) => Object.fromEntries((shares ?? []).map((share, i) => [domains[i], share]))

/** Prompts by domain and successes, as the signals `passBin0` … `passBinG`. */
function histograms({ domain, successes }, domains, rollouts) {
  const bins = Array.from({ length: rollouts + 1 }, () => domains.map(() => 0))
  successes.forEach((count, i) => {
    if (bins[count] !== undefined) bins[count][domain[i]]++
  })
  return Object.fromEntries(bins.map((column, count) => [`passBin${count}`, column]))
}
