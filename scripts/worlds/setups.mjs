// How each policy is configured where it is compared: by its defaults, and by what its page says must be said. Nothing here
// was tuned, and nothing differs from world to world but what a world is asked for: its domains, sizes, graph and losses.
import { dogeResult, doremiResult, findPolicy } from '@mixdesk/policies'
import { lossesAfter } from '@mixdesk/simulation'
import { batchTokens, startIn, usual } from './run-policy.mjs'

const byName = (world, numbers) =>
  Object.fromEntries(world.domains.map(({ name }, k) => [name, Number(numbers[k].toPrecision(6))]))
const even = (world, tokens) => world.domains.map(() => tokens / world.domains.length)

/** What domains shall reach: as if a run had been four times as long, with equal weights. */
const targetLosses = (world) => byName(world, lossesAfter(world, even(world, 4 * usual.steps * batchTokens)))

/** The graph of Skill-It: how much a domain (row) teaches another (column), which these worlds know. */
const graphOf = ({ transfer, domains }) =>
  transfer === undefined ? null : domains.map((_, i) => domains.map((_, j) => transfer[j][i]))

const rolloutsOf = (world) => world.rolloutsPerPrompt ?? 8
const smallest = ({ domains }, count) =>
  [...domains]
    .sort((a, b) => a.tokens - b.tokens)
    .slice(0, count)
    .map(({ name }) => [name, 1])

/**
 * `config` is what is said beyond the defaults, `why` why it has to be said. `result` turns the state of a proxy run into
 * the mixture that the real run keeps. `unlike` names a second way to run a policy.
 */
const said = [
  {
    policy: 'ado',
    config: { startStep: 100, refitEvery: 100, ignoreSteps: 50, subsample: 1 },
    why: 'counts of steps are a tenth of the defaults, for runs of 1,000 steps',
  },
  {
    policy: 'doremi',
    unlike: 'its average, kept',
    result: doremiResult,
    why: 'the proxy run is made in the same world, and its average is the mixture of a second run',
  },
  {
    policy: 'doge',
    unlike: 'its average, kept',
    result: dogeResult,
    why: 'the proxy run is made in the same world, and its average is the mixture of a second run',
  },
  {
    policy: 'grape',
    config: ({ domains }) => ({ tasks: domains.filter((one) => one.importance > 0).map(({ name }) => name) }),
    why: 'every domain that counts is a task',
  },
  {
    policy: 'pike',
    config: (world) => ({ batchSize: world.kind === 'prompts' ? 256 : 96 }),
    why: '`batchSize` is that of the run',
  },
  {
    policy: 'loss-slope',
    config: (world) => (world.kind === 'prompts' ? { signal: 'rewards' } : {}),
    why: 'rewards where there are any, else losses',
  },
  { policy: 'gaussian-curriculum', config: { rewardScale: 1 }, why: 'rewards are 0 and 1' },
  {
    policy: 'difficulty-filter',
    config: (world) => ({ unit: 'domain', rolloutsPerPrompt: rolloutsOf(world) }),
    why: 'domains are groups of prompts with 8 rollouts',
  },
  {
    policy: 'cures',
    config: (world) => ({ unit: 'domain', preRollouts: rolloutsOf(world) }),
    why: 'domains are groups of prompts with 8 rollouts',
  },
  {
    policy: 'knapsack',
    config: (world) => ({ unit: 'domain', binRollouts: rolloutsOf(world) }),
    why: 'domains are groups of prompts with 8 rollouts',
  },
  {
    policy: 'loss-reweighting',
    config: { warmUpSteps: 100 },
    why: 'the warm-up is a tenth of the run; the trainer weighs sequences',
  },
  {
    policy: 'loss-reweighting',
    unlike: 'by domain',
    config: { unit: 'domain', warmUpSteps: 100 },
    why: 'the warm-up is a tenth of the run; the policy weighs domains',
  },
  {
    policy: 'skill-it',
    config: (world) => ({ graph: graphOf(world) }),
    why: 'the graph is the transfer of the world, where it has one',
  },
  {
    policy: 'dynamic-batch-loading',
    config: (world) => ({ targetLosses: targetLosses(world) }),
    why: 'targets are the losses of a run four times as long with equal weights',
  },
  {
    policy: 'velocitune',
    config: (world) => ({ targetLosses: targetLosses(world) }),
    why: 'targets are the losses of a run four times as long with equal weights',
  },
  {
    policy: 'aioli',
    config: { updateSteps: 100 },
    trainer: { cadence: 1, evaluateEvery: 5 },
    why: 'rounds of 100 steps, decisions in every step, evaluations in every fifth',
  },
  { policy: 'temperature', config: {}, why: 'a constant temperature of 5' },
  {
    policy: 'schedule',
    unlike: 'Cooldown',
    config: { preset: { name: 'cooldown' } },
    why: 'the preset: temperature 5, and 1 in the second half',
  },
  {
    policy: 'schedule',
    unlike: 'upsampling',
    config: (world) => ({
      preset: { name: 'domain-upsampling', upsampled: Object.fromEntries(smallest(world, 2)) },
    }),
    why: 'the preset: equal weights, and in the last fifth only the two smallest domains',
  },
  {
    policy: 'warm-up',
    config: { until: { share: 0.1 } },
    why: 'a tenth of the run with equal weights, then ODM',
  },
  { policy: 'blend', why: 'half ODM, half equal weights' },
  {
    policy: 'filtered',
    config: { reference: 'signal', losses: 'training' },
    why: 'ODM on losses above those of a reference model',
  },
]

/** Every way in which the policies named are run, in the order of the names. */
export function setupsOf(names) {
  return names.flatMap((policy) => {
    const ways = said.filter((one) => one.policy === policy)
    return (ways.length === 0 ? [{ policy }] : ways).map((way) => ({
      ...way,
      label: way.unlike === undefined ? policy : `${policy} (${way.unlike})`,
      configIn: (world) =>
        typeof way.config === 'function' ? way.config(world) : (way.config ?? exampleIn(policy, world)),
    }))
  })
}

const exampleIn = (policy, world) => findPolicy(policy).example?.(startIn(world)) ?? {}

/** Policies that can't be run here, and why. */
export const notRun = { agent: 'for a trained agent outside must answer it.' }
