import { targetLoss, worlds } from '@mixdesk/simulation'
import { runPolicy, usual } from './run-policy.mjs'
import { notRun, setupsOf } from './setups.mjs'

/** Where each policy shows what it does; everything else in `plain`, or in `prompts` where it needs rollouts. */
const stages = {
  natural: 'scarce',
  temperature: 'scarce',
  schedule: 'scarce',
  doremi: 'useless',
  doge: 'useless',
  pike: 'useless',
  filtered: 'useless',
  grape: 'transfer',
  rnb: 'transfer',
  'skill-it': 'transfer',
  aioli: 'transfer',
  velocitune: 'drifting',
  'most-underserved': 'drifting',
  'loss-slope': 'prompts',
  dump: 'prompts',
  sec: 'prompts',
  'reward-gap': 'prompts',
  'gaussian-curriculum': 'prompts',
  'difficulty-filter': 'prompts',
  cures: 'prompts',
  knapsack: 'prompts',
}
const configs = {
  // Whatever stands here, this policy keeps it; equal weights would look like no policy at all.
  static: { weights: { web: 1, code: 4, books: 1, math: 4 } },
  'loss-reweighting': { unit: 'domain', warmUpSteps: 100 },
}

/**
 * What a policy does in a world that suits it: the mixture by step and the target loss on the way, of one run with one seed.
 * `weights[i]` holds from step `steps[i]` on, to `lastStep`; where the policy sets controls, `controls[i]` are those sent with
 * it. `targetLosses[i]` was measured after step `evaluatedAt[i]`, −1 being before the first. Undefined for a policy that
 * somebody outside must advise.
 */
export function behaviourOf(policy, seed = 1) {
  if (Object.hasOwn(notRun, policy)) return undefined
  const world = worlds[stages[policy] ?? 'plain']
  const [{ configIn, trainer }] = setupsOf([policy])
  const config = configs[policy] ?? configIn(world)
  const run = runPolicy({ world, policy, config, seed, trainer })
  const lastStep = usual.steps - 1
  // What was decided after the last step came into no batch.
  const used = run.decisions.filter(({ fromStep }) => fromStep <= lastStep)
  return {
    policy,
    config,
    seed,
    world: { name: world.name, title: world.title },
    domains: world.domains.map(({ name }) => name),
    steps: used.map(({ fromStep }) => fromStep),
    weights: used.map(({ weights }) => weights),
    controls: used.map(({ controls }) => controls ?? {}),
    lastStep,
    evaluatedAt: [-1, ...run.evaluated.map(({ step }) => step)],
    targetLosses: [run.before, ...run.evaluated.map(({ losses }) => losses)].map((losses) =>
      targetLoss(world, losses),
    ),
  }
}
