// Rules that read nothing but sizes and positions.
import { worlds } from '@mixdesk/simulation'
import { bestOf } from '../regret.mjs'
import { runPolicy } from '../run-policy.mjs'
import { run, kept, lossIn, named, range, sizes, everyWorld } from './tools.mjs'

export const ofSizes = [
  {
    policy: 'uniform',
    paper: 'It is what others are held against; strong where nothing is known.',
    holds: 'yes',
    here: 'Equal weights to the last step, never the best fixed mixture, and a full share for what cannot be learned.',
    check(expect) {
      for (const world of everyWorld) {
        const of = run('uniform', world)
        expect(of.decisions).toHaveLength(1)
        expect(range(of.weights)).toBe(0)
        expect(of.loss).toBeGreaterThan(1.03 * bestOf(world).loss)
      }
      expect(run('uniform', 'useless').model.read[4]).toBeGreaterThan(9e6)
    },
  },
  {
    policy: 'static',
    paper: 'A good mixture that is known beforehand is all one needs where the best one does not change.',
    holds: 'yes',
    here: 'Told the best fixed mixture, it reaches the loss that was computed for it in every world, within 2 % of the way to equal weights.',
    check(expect) {
      for (const world of everyWorld) {
        const { weights, loss } = bestOf(world)
        const gap = lossIn('uniform', world) - loss
        expect(Math.abs(kept(weights, world).loss - loss) / gap).toBeLessThan(0.02)
      }
    },
  },
  {
    policy: 'natural',
    paper:
      'Sampling in proportion to size leaves small domains behind (Cooldown paper: Swahili at 4.09 nats, against 3.12).',
    holds: 'yes',
    here: 'In `scarce` the smallest language ends more than two nats behind its loss under equal weights, and English gains half a nat at most.',
    check(expect) {
      const natural = named('scarce', run('natural', 'scarce').losses)
      const uniform = named('scarce', run('uniform', 'scarce').losses)
      expect(natural.faroese - uniform.faroese).toBeGreaterThan(2)
      expect(uniform.english - natural.english).toBeGreaterThan(0)
      expect(uniform.english - natural.english).toBeLessThan(0.5)
    },
  },
  {
    policy: 'temperature',
    paper:
      'A temperature of 5 helps small domains at some cost to the large one, and a still higher one overfits them.',
    holds: 'yes',
    here: 'In `scarce` three of four languages end far better than by size and English 0.2 nats worse; at an infinite temperature the smallest is worse off than at 5, for it is read 120 times.',
    check(expect) {
      const { faroese, estonian, english } = named('scarce', run('temperature', 'scarce').losses)
      const natural = named('scarce', run('natural', 'scarce').losses)
      const infinite = run('temperature', 'scarce', { config: { temperature: 'infinite' } })
      expect(natural.faroese - faroese).toBeGreaterThan(2)
      expect(natural.estonian - estonian).toBeGreaterThan(1.5)
      expect(english - natural.english).toBeLessThan(0.25)
      expect(named('scarce', infinite.losses).faroese - faroese).toBeGreaterThan(0.2)
      expect(infinite.model.read[3] / 1e5).toBeGreaterThan(100)
    },
  },
  {
    policy: 'schedule',
    paper:
      'Cooldown: a temperature of 5, then 1, is as good for small languages as 5 throughout and as good for the large one as 1; better than either on average.',
    holds: 'in part',
    here: 'In `scarce` English ends within 0.1 nats of its loss by size, and the smallest language better than at either temperature throughout. The two between are left behind, so that the average is far better than by size, and not better than 5 throughout.',
    check(expect) {
      const cooldown = run('schedule', 'scarce', { way: 'Cooldown' })
      const hot = run('temperature', 'scarce')
      const natural = run('natural', 'scarce')
      expect(cooldown.losses[0] - natural.losses[0]).toBeLessThan(0.1)
      expect(cooldown.losses[3]).toBeLessThan(hot.losses[3] - 0.1)
      expect(cooldown.losses[3]).toBeLessThan(natural.losses[3] - 2)
      for (const k of [1, 2]) expect(cooldown.losses[k]).toBeGreaterThan(hot.losses[k] + 0.1)
      expect(cooldown.loss).toBeLessThan(natural.loss - 1)
      expect(Math.abs(cooldown.loss - hot.loss)).toBeLessThan(0.05)
    },
  },
  {
    policy: 'schedule',
    paper:
      'Domain upsampling: the last fifth of a run on the domains that matter raises them a lot and costs the rest little.',
    holds: 'yes',
    here: 'In `plain`, after a mixture by size, code and mathematics end more than 0.3 nats lower, and web and books less than 0.1 nats higher.',
    check(expect) {
      const preset = { name: 'domain-upsampling', base: sizes('plain'), upsampled: { code: 1, math: 1 } }
      const { losses } = runPolicy({ world: worlds.plain, policy: 'schedule', config: { preset }, seed: 1 })
      const [web, code, books, math] = losses.map((loss, k) => loss - run('natural', 'plain').losses[k])
      expect(Math.max(code, math)).toBeLessThan(-0.3)
      expect(Math.max(web, books)).toBeLessThan(0.1)
    },
  },
]
