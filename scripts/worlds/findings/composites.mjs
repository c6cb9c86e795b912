// Policies made of others.
import { weightsAt } from '../run-policy.mjs'
import { run, lossIn, range, everyWorld } from './tools.mjs'

export const ofComposites = [
  {
    policy: 'warm-up',
    paper: 'None: it puts off a policy.',
    holds: 'yes',
    here: 'Equal weights for exactly a tenth of the run, then what ODM wants, and its result.',
    check(expect) {
      const of = run('warm-up', 'plain')
      expect(range(weightsAt(of, 99))).toBe(0)
      expect(range(weightsAt(of, 110))).toBeGreaterThan(0.1)
      expect(Math.abs(of.loss - lossIn('odm', 'plain'))).toBeLessThan(0.02)
    },
  },
  {
    policy: 'blend',
    paper: 'None: it bounds what a policy can do.',
    holds: 'yes',
    here: 'Half of ODM costs half of what noise costs ODM in `useless`, and keeps most of its gain in `plain`.',
    check(expect) {
      const harm = (policy) => lossIn(policy, 'useless') - lossIn('uniform', 'useless')
      const gain = (policy) => lossIn('uniform', 'plain') - lossIn(policy, 'plain')
      expect(harm('blend')).toBeLessThan(0.5 * harm('odm'))
      expect(gain('blend')).toBeGreaterThan(0.7 * gain('odm'))
    },
  },
  {
    policy: 'filtered',
    paper: 'None: it changes what a policy sees.',
    holds: 'yes',
    here: 'ODM that sees losses above those of a reference does not fall for noise: better than equal weights in every world, where plain ODM is not. It gives up some of ODM’s gain in `plain` for that.',
    check(expect) {
      for (const world of everyWorld) expect(lossIn('filtered', world)).toBeLessThan(lossIn('uniform', world))
      expect(lossIn('filtered', 'plain')).toBeGreaterThan(lossIn('odm', 'plain'))
    },
  },
]
