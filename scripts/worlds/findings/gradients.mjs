// Rules that read gradients.
import { bestOf } from '../regret.mjs'
import { weightsAt } from '../run-policy.mjs'
import { run, kept, lossIn, domainsOf, named, argmax, meanWeights, everyWorld } from './tools.mjs'

export const ofGradients = [
  {
    policy: 'doge',
    paper:
      'Domains whose gradients help the targets gain, and the average of the proxy run generalises better than equal weights.',
    holds: 'yes',
    here: 'In `transfer` code, which teaches mathematics, has the largest average; in `useless` noise has none; kept, the average does better than equal weights in every world.',
    check(expect) {
      const average = (world) => run('doge', world).policyState.averageWeights
      expect(domainsOf('transfer')[argmax(average('transfer'))]).toBe('code')
      expect(average('useless')[4]).toBeLessThan(0.01)
      for (const world of everyWorld)
        expect(kept(average(world), world).loss).toBeLessThan(lossIn('uniform', world))
    },
  },
  {
    policy: 'grape',
    paper:
      'It weighs tasks that improve slowly and samples what helps them, and does better than equal weights and DoGE on average.',
    holds: 'in part',
    here: 'It does serve slow tasks: in `prompts`, where slow ones are those that have not begun, it does better than any fixed mixture. In `plain` the slow ones are those near their floor, web and books; serving them with half of the data, of which the best mixture gives them a fifth, costs more than it brings.',
    check(expect) {
      expect(lossIn('grape', 'prompts')).toBeLessThan(bestOf('prompts').loss - 0.01)
      const weights = named('plain', meanWeights(run('grape', 'plain')))
      expect(weights.web + weights.books).toBeGreaterThan(0.5)
      expect(lossIn('grape', 'plain')).toBeGreaterThan(lossIn('uniform', 'plain'))
    },
  },
  {
    policy: 'rnb',
    paper: 'Gradients of training alone give a better mixture than equal weights, at next to no cost.',
    holds: 'yes',
    here: 'Better than equal weights in every world, and never lopsided: no weight is more than e² times another. That also bounds what it can gain.',
    check(expect) {
      for (const world of everyWorld) {
        const of = run('rnb', world)
        expect(of.loss).toBeLessThan(lossIn('uniform', world))
        for (const { weights } of of.decisions)
          expect(Math.max(...weights) / Math.min(...weights)).toBeLessThan(Math.E ** 2)
      }
    },
  },
  {
    policy: 'pike',
    paper:
      'Where gradients do not conflict, large gradients with little noise are worth most, and adapting to them does better than balanced mixing.',
    holds: 'yes',
    here: 'No gradients conflict in these worlds, and it does better than equal weights in each; noise, which has variance and no gradient, goes to 0.',
    check(expect) {
      for (const world of everyWorld) expect(lossIn('pike', world)).toBeLessThan(lossIn('uniform', world))
      expect(weightsAt(run('pike', 'useless'), 200)[4]).toBeLessThan(0.01)
    },
  },
]
