// Rules that read held-out losses.
import { worlds } from '@mixdesk/simulation'
import { bestOf } from '../regret.mjs'
import { setupsOf } from '../setups.mjs'
import {
  run,
  lossIn,
  domainsOf,
  argmax,
  argmin,
  range,
  meanWeights,
  everyWorld,
  powerWorlds,
} from './tools.mjs'

export const ofEvaluations = [
  {
    policy: 'most-underserved',
    paper:
      'None for this rule; the paper it is after serves, with every pick, the task that is helped least.',
    holds: 'in part',
    here: 'The block goes to the domain with the least progress. In `drifting` that is code, whose loss rose, and it pays; in `plain` it is a domain near its floor, and it does not.',
    check(expect) {
      const { evaluated, weights } = run('most-underserved', 'drifting')
      const first = evaluated[0].losses
      // The last evaluation comes after the last decision.
      const { losses } = evaluated.at(-2)
      const progress = losses.map((loss, k) => (first[k] - loss) / first[k])
      expect(argmax(weights)).toBe(argmin(progress))
      expect(domainsOf('drifting')[argmax(weights)]).toBe('code')
      expect(lossIn('most-underserved', 'drifting')).toBeLessThan(lossIn('uniform', 'drifting') - 0.05)
      expect(lossIn('most-underserved', 'plain')).toBeGreaterThan(lossIn('uniform', 'plain'))
    },
  },
  {
    policy: 'skill-it',
    paper:
      'With the right graph, skills that teach others come first, and the model is better than by random sampling.',
    holds: 'yes',
    here: 'In `transfer` the true graph gives code more than the identity does, for it teaches mathematics, and comes within a tenth of the best fixed mixture. Without the graph it follows losses alone, and falls for noise as ODM does.',
    check(expect) {
      const identity = run('skill-it', 'transfer', { config: { graph: null } })
      const of = run('skill-it', 'transfer')
      expect(meanWeights(of)[1]).toBeGreaterThan(meanWeights(identity)[1] + 0.1)
      expect(of.loss).toBeLessThan(identity.loss)
      const best = bestOf('transfer').loss
      expect((of.loss - best) / (lossIn('uniform', 'transfer') - best)).toBeLessThan(0.1)
      expect(lossIn('skill-it', 'useless')).toBeGreaterThan(lossIn('uniform', 'useless') + 0.3)
    },
  },
  {
    policy: 'dynamic-batch-loading',
    paper:
      'Domains come to their target losses together, where a fixed mixture leaves some far behind and others ahead.',
    holds: 'yes',
    here: 'In `transfer` distances to the targets differ by less than half of what equal weights leave. Whether the mean gets better hangs on the targets: it does in `transfer`, not in `plain`.',
    check(expect) {
      const { targetLosses } = setupsOf(['dynamic-batch-loading'])[0].configIn(worlds.transfer)
      const spread = ({ losses }) => range(losses.map((loss, k) => loss - Object.values(targetLosses)[k]))
      expect(spread(run('dynamic-batch-loading', 'transfer'))).toBeLessThan(
        0.5 * spread(run('uniform', 'transfer')),
      )
      expect(lossIn('dynamic-batch-loading', 'transfer')).toBeLessThan(lossIn('uniform', 'transfer') - 0.05)
      expect(lossIn('dynamic-batch-loading', 'plain')).toBeGreaterThan(lossIn('uniform', 'plain'))
    },
  },
  {
    policy: 'velocitune',
    paper:
      'Comparing shares of the way rather than distances, domains learn at one speed, and better than under fixed weights or by distance.',
    holds: 'yes',
    here: 'In `plain` the shares of the way that are left differ by less than half of what equal weights leave; better than equal weights in every world, and than by distance in `plain`.',
    check(expect) {
      const { targetLosses } = setupsOf(['velocitune'])[0].configIn(worlds.plain)
      const targets = Object.values(targetLosses)
      const spread = ({ losses, before }) =>
        range(losses.map((loss, k) => (loss - targets[k]) / (before[k] - targets[k])))
      expect(spread(run('velocitune', 'plain'))).toBeLessThan(0.5 * spread(run('uniform', 'plain')))
      for (const world of everyWorld)
        expect(lossIn('velocitune', world)).toBeLessThan(lossIn('uniform', world))
      expect(lossIn('velocitune', 'plain')).toBeLessThan(lossIn('dynamic-batch-loading', 'plain') - 0.1)
    },
  },
  {
    policy: 'aioli',
    paper:
      'Interactions measured while training are right about which domains help, and never do worse than equal shares.',
    holds: 'in part',
    here: 'In `transfer` it finds that code helps most, and gives it the largest weight; better than equal weights in every world of power laws, by a little: in ten rounds at its step size the mixture hardly leaves uniform.',
    check(expect) {
      const of = run('aioli', 'transfer')
      expect(domainsOf('transfer')[argmax(of.policyState.weights)]).toBe('code')
      for (const world of powerWorlds) expect(lossIn('aioli', world)).toBeLessThan(lossIn('uniform', world))
    },
  },
  {
    policy: 'equitable',
    paper:
      'Sampling by learning curves that are estimated on the way comes near to the best allocation, and lifts the worst off where that is what is wanted.',
    holds: 'in part',
    here: 'In `plain` the sum of losses comes within a third of the way from the best to equal weights, and with `objective: max` the worst loss is lower than with equal weights or the sum. In `drifting`, where the curves are wrong, it does far worse than equal weights.',
    check(expect) {
      const best = bestOf('plain').loss
      expect((lossIn('equitable', 'plain') - best) / (lossIn('uniform', 'plain') - best)).toBeLessThan(0.33)
      const worst = (of) => Math.max(...of.losses)
      const fair = worst(run('equitable', 'plain', { config: { objective: 'max' } }))
      expect(fair).toBeLessThan(worst(run('uniform', 'plain')) - 0.2)
      expect(fair).toBeLessThan(worst(run('equitable', 'plain')))
      expect(lossIn('equitable', 'drifting')).toBeGreaterThan(lossIn('uniform', 'drifting') + 0.1)
    },
  },
]
