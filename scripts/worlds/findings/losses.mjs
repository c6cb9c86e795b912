// Rules that read training losses, failures or scores.
import { worlds } from '@mixdesk/simulation'
import { weightsAt } from '../run-policy.mjs'
import { run, kept, lossIn, named, argmax, argmin, order, everyWorld } from './tools.mjs'

export const ofLosses = [
  {
    policy: 'odm',
    paper:
      'More of what has a high loss, less exploration as time goes on, and a better model than fixed mixtures; ADO’s authors add that it starves domains of low entropy.',
    holds: 'in part',
    here: 'In `plain` weights end in the order of losses, none lies below the falling floor, and it does far better than equal weights. In `useless` it gives most of the run to noise and ends far worse: a high loss is not something to learn.',
    check(expect) {
      const of = run('odm', 'plain')
      expect(order(of.weights)).toEqual(order(of.losses))
      const floors = of.decisions.slice(1).map(({ controls }) => controls.epsilon)
      floors.forEach((floor, i) => {
        expect(Math.min(...of.decisions[i + 1].weights)).toBeGreaterThanOrEqual(floor - 1e-12)
        if (i > 0) expect(floor).toBeLessThanOrEqual(floors[i - 1])
      })
      expect(of.loss).toBeLessThan(lossIn('uniform', 'plain') - 0.1)
      expect(weightsAt(run('odm', 'useless'), 900)[4]).toBeGreaterThan(0.7)
      expect(lossIn('odm', 'useless')).toBeGreaterThan(lossIn('uniform', 'useless') + 0.3)
    },
  },
  {
    policy: 'ado',
    paper:
      'It follows learning speed without a proxy run, starves no domain, and does better than proportional and other mixtures.',
    holds: 'yes',
    here: 'Better than equal weights and than proportional ones in every world; noise that cannot be learned falls to the least weight, and no domain of `plain` below 1 %.',
    check(expect) {
      for (const world of everyWorld) {
        expect(lossIn('ado', world)).toBeLessThan(lossIn('uniform', world))
        expect(lossIn('ado', world)).toBeLessThan(lossIn('natural', world))
      }
      const useless = run('ado', 'useless').weights
      expect(argmin(useless)).toBe(4)
      expect(useless[4]).toBeLessThan(0.1)
      for (const { weights } of run('ado', 'plain').decisions)
        expect(Math.min(...weights)).toBeGreaterThan(0.01)
    },
  },
  {
    policy: 'doremi',
    paper:
      'Domains with loss left above a reference gain, and the average of the proxy run does better than the mixture the reference was trained on.',
    holds: 'in part',
    here: 'Noise has no excess and gets almost nothing, and where there is noise the average does better than equal weights. In `plain` the average comes back to the mixture of the reference, within 0.05 for each domain: a proxy as large as its reference has no excess left there. A hundredth of the step size would help, since it then remembers where there was most to gain.',
    check(expect) {
      const average = run('doremi', 'useless').policyState.averageWeights
      expect(average[4]).toBeLessThan(0.05)
      expect(kept(average, 'useless').loss).toBeLessThan(lossIn('uniform', 'useless') - 0.02)
      const plain = run('doremi', 'plain').policyState.averageWeights
      for (const weight of plain) expect(Math.abs(weight - 0.25)).toBeLessThan(0.05)
      const patient = run('doremi', 'plain', { config: { stepSize: 0.01 } }).policyState.averageWeights
      expect(kept(patient, 'plain').loss).toBeLessThan(lossIn('uniform', 'plain') - 0.1)
    },
  },
  {
    policy: 'loss-reweighting',
    paper: 'Sequences of low loss count less, and the model converges faster.',
    holds: 'in part',
    here: 'In `plain` sequences of web count less than those of mathematics, and since high losses are what is left to learn there, that helps a lot; noise, in `useless`, takes most of the weight and no gain is left. The form by domain, which is ours, helps in no world.',
    check(expect) {
      const { model, loss } = run('loss-reweighting', 'plain')
      const counted = named(
        'plain',
        model.learned.map((n, k) => n / model.read[k]),
      )
      expect(counted.web).toBeLessThan(0.5)
      expect(counted.math).toBeGreaterThan(1.5)
      expect(loss).toBeLessThan(lossIn('uniform', 'plain') - 0.1)
      expect(lossIn('loss-reweighting', 'useless')).toBeGreaterThan(lossIn('uniform', 'useless') - 0.02)
      for (const world of everyWorld)
        expect(lossIn('loss-reweighting', world, { way: 'by domain' })).toBeGreaterThan(
          lossIn('uniform', world),
        )
    },
  },
  {
    policy: 'failure-profile',
    paper:
      'Training on the skills a model lacks, in proportion to how often it lacks them, does better than training on all alike.',
    holds: 'in part',
    here: 'In `plain` weights end in the order of failures, and that does better than equal weights. What cannot be learned fails always, and has the largest weight in `useless` and in `prompts`.',
    check(expect) {
      const of = run('failure-profile', 'plain')
      expect(order(of.weights).slice(0, 2)).toEqual(order(of.losses).slice(0, 2))
      expect(of.loss).toBeLessThan(lossIn('uniform', 'plain') - 0.03)
      expect(argmax(run('failure-profile', 'useless').weights)).toBe(4)
      expect(argmax(run('failure-profile', 'prompts').weights)).toBe(5)
    },
  },
  {
    policy: 'cluster-resampling',
    paper:
      'Drawing each round from clusters whose gold answers the model is farthest from does better than random selection.',
    holds: 'in part',
    here: 'Better than equal weights wherever what is far can be reached: in `plain` most goes to the domain with most left to learn. In `scarce` that is the smallest language, which it then reads hundreds of times.',
    check(expect) {
      const of = run('cluster-resampling', 'plain')
      const left = of.losses.map((loss, k) => loss - worlds.plain.domains[k].floor)
      expect(argmax(of.weights)).toBe(argmax(left))
      for (const world of ['plain', 'transfer', 'useless'])
        expect(lossIn('cluster-resampling', world)).toBeLessThan(lossIn('uniform', world) - 0.05)
      expect(run('cluster-resampling', 'scarce').model.read[3] / 1e5).toBeGreaterThan(200)
      expect(lossIn('cluster-resampling', 'scarce')).toBeGreaterThan(lossIn('uniform', 'scarce'))
    },
  },
]
