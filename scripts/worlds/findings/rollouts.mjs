// Rules for reinforcement learning.
import { bestOf } from '../regret.mjs'
import { usual, weightsAt } from '../run-policy.mjs'
import { run, lossIn, domainsOf, named, argmax, argmin, range, sum, everyWorld, stepsTo } from './tools.mjs'

export const ofRollouts = [
  {
    policy: 'dump',
    paper:
      'Prompts whose rollouts differ come first, and the curriculum moves on as they are learned; better than uniform sampling.',
    holds: 'yes',
    here: 'The leading domain goes from middle over hard to hardest; prompts that are solved or cannot be solved get next to nothing; better than the best fixed mixture. (Twelve matched runs of DataFlex-RL found no gain on real models.)',
    check(expect) {
      const of = run('dump', 'prompts')
      const leaders = [100, 300, 950].map((step) => domainsOf('prompts')[argmax(weightsAt(of, step))])
      expect(leaders).toEqual(['middle', 'hard', 'hardest'])
      for (const step of [100, 300, 950]) {
        const { solved, unsolvable } = named('prompts', weightsAt(of, step))
        expect(solved + unsolvable).toBeLessThan(0.05)
      }
      expect(of.loss).toBeLessThan(bestOf('prompts').loss)
    },
  },
  {
    policy: 'sec',
    paper:
      'Problems of middle difficulty lead, harder ones as the model improves; better on hard problems than random sampling.',
    holds: 'yes',
    here: 'The same curriculum as DUMP, much milder at its temperature of 1: no domain ever has twice its even share, and hard prompts end better than under equal weights.',
    check(expect) {
      const of = run('sec', 'prompts')
      const leaders = [60, 250, 950].map((step) => argmax(weightsAt(of, step)))
      expect(leaders[0]).toBeLessThan(leaders[2])
      expect([...leaders].sort((a, b) => a - b)).toEqual(leaders)
      for (const { weights } of of.decisions) expect(Math.max(...weights)).toBeLessThan(2 / 6)
      expect(named('prompts', of.losses).hard).toBeLessThan(
        named('prompts', run('uniform', 'prompts').losses).hard - 0.05,
      )
    },
  },
  {
    policy: 'reward-gap',
    paper: 'A baseline of DataFlex-RL: the last of four there, no gain over uniform sampling.',
    holds: 'yes',
    here: 'Next to no gain here either (2 % of the way to the best fixed mixture): what cannot be solved has the largest gap for ever and the largest weight.',
    check(expect) {
      const of = run('reward-gap', 'prompts')
      expect(domainsOf('prompts')[argmax(of.weights)]).toBe('unsolvable')
      expect(Math.abs(of.loss - lossIn('uniform', 'prompts'))).toBeLessThan(0.01)
    },
  },
  {
    policy: 'loss-slope',
    paper:
      'A baseline of DataFlex-RL, after teacher-student curricula: no gain over uniform sampling that could be told from zero.',
    holds: 'yes',
    here: 'At its temperature of 1 slopes are too small to move a weight by more than a hundredth, in any world.',
    check(expect) {
      for (const world of everyWorld) {
        const of = run('loss-slope', world)
        for (const { weights } of of.decisions) expect(range(weights)).toBeLessThan(0.02)
        expect(Math.abs(of.loss - lossIn('uniform', world))).toBeLessThan(0.01)
      }
    },
  },
  {
    policy: 'gaussian-curriculum',
    paper: 'Easy first, harder as rewards come: 2.5 times as fast as random order (for single prompts).',
    holds: 'in part',
    here: 'The middle of the mixture only ever moves to harder domains, and it reaches what equal weights reach in the end in three fifths of the steps: faster, though not by so much.',
    check(expect) {
      const of = run('gaussian-curriculum', 'prompts')
      const middles = of.decisions
        .slice(1)
        .map(({ weights }) => sum(weights.map((weight, rank) => weight * rank)))
      middles.forEach((middle, i) => i > 0 && expect(middle).toBeGreaterThan(middles[i - 1] - 1e-9))
      expect(stepsTo(of, lossIn('uniform', 'prompts'))).toBeLessThan(650)
    },
  },
  {
    policy: 'difficulty-filter',
    paper:
      'Learning only from prompts that are solved sometimes reaches the plain run’s best in 60 % of the time or under half of the steps.',
    holds: 'yes',
    here: 'It reaches what equal weights reach in the end in a third of the steps. Prompts that the band turns away are generated all the same, more than three times as many in all: counted in rollouts it needs more than half of what equal weights do.',
    check(expect) {
      const generated = []
      const watch = ({ name, data }) =>
        name === 'losses.measured' && generated.push(sum(data.signals.rollouts))
      const of = run('difficulty-filter', 'prompts', { alsoSend: ['rollouts'], watch })
      const steps = stepsTo(of, lossIn('uniform', 'prompts'))
      expect(steps).toBeLessThan(400)
      // Equal weights generate 256 rollouts a step.
      expect(sum(generated)).toBeGreaterThan(3 * 256 * usual.steps)
      const share = sum(generated.slice(0, steps)) / (256 * usual.steps)
      expect(share).toBeGreaterThan(0.5)
      expect(share).toBeLessThan(0.9)
    },
  },
  {
    policy: 'cures',
    paper:
      'Prompts of uncertain outcome, and more rollouts where gradients vary, converge faster than equal budgets.',
    holds: 'in part',
    here: 'The domain whose pass rate is nearest to 1/2 has the largest weight and the most rollouts, and that beats equal weights; the mixture itself moves by less than a third of an even share at a temperature of 1.',
    check(expect) {
      const of = run('cures', 'prompts')
      const { weights, controls } = of.decisions.at(-1)
      const uncertain = argmin(of.losses.map((loss) => Math.abs(loss - 0.5)))
      expect(argmax(weights)).toBe(uncertain)
      expect(argmax(controls.rolloutCounts)).toBe(uncertain)
      expect(Math.max(...weights)).toBeLessThan(4 / 3 / 6)
      expect(of.loss).toBeLessThan(lossIn('uniform', 'prompts') - 0.003)
    },
  },
  {
    policy: 'knapsack',
    paper: 'The same budget of rollouts, shared out by need, gives 20 to 40 % more prompts with a gradient.',
    holds: 'in part',
    here: 'Hard prompts get many times the rollouts of solved ones, with no more rollouts in all, and more prompts have a gradient, though only by about a tenth.',
    check(expect) {
      const tally = () => ({ mixed: 0, rollouts: 0 })
      const seen = { knapsack: tally(), uniform: tally() }
      const watch = (kind) => (event) => {
        if (event.name !== 'losses.measured') return
        seen[kind].mixed += sum(event.data.signals.mixedPrompts)
        seen[kind].rollouts += sum(event.data.signals.rollouts)
      }
      const alsoSend = ['rollouts', 'mixedPrompts']
      const of = run('knapsack', 'prompts', { alsoSend, watch: watch('knapsack') })
      run('uniform', 'prompts', { alsoSend, watch: watch('uniform') })
      const counts = named('prompts', of.decisions.at(-1).controls.rolloutCounts)
      expect(counts.hardest / counts.solved).toBeGreaterThan(3)
      expect(seen.knapsack.rollouts / seen.uniform.rollouts).toBeLessThan(1.01)
      const more = seen.knapsack.mixed / seen.uniform.mixed
      expect(more).toBeGreaterThan(1.05)
      expect(more).toBeLessThan(1.2)
      expect(of.loss).toBeLessThan(lossIn('uniform', 'prompts'))
    },
  },
]
