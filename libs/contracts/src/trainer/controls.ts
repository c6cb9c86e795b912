import { Type, type Static } from '@sinclair/typebox'
import * as p from '../primitives.js'

const perDomain = (description: string) =>
  Type.Optional(p.Numbers(`${description} One number a domain, in order.`))
const countPerDomain = (description: string) =>
  Type.Optional(p.DomainCounts(`${description} One whole number a domain, in order.`))
const orNull = (description: string, minimum: number) =>
  Type.Union([Type.Number({ minimum }), Type.Null()], { description })
const share = (description: string) => Type.Number({ exclusiveMinimum: 0, maximum: 1, description })

export const AcceptBand = Type.Object(
  {
    low: Type.Number({ minimum: 0, maximum: 1, description: 'Least pass rate that is kept.' }),
    high: Type.Number({ minimum: 0, maximum: 1, description: 'Largest pass rate that is kept.' }),
    open: Type.Boolean({ description: 'Whether the bounds themselves are turned away.' }),
    batch: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Accepted prompts that make a batch; left out, the trainer’s own number.',
      }),
    ),
    maxRefill: p.Count('Rounds of prompts drawn at most after the first, for a batch that is not full.'),
  },
  {
    title: 'Accept band',
    description:
      'Which prompts enter the update, by their pass rate: successes of rollouts. Compare whole numbers, for 0.07 · 100 is not quite 7 in floating point. Draw further prompts until the batch is full or the refills are used up.',
  },
)

const rule = (name: string, description: string) => Type.Literal(name, { description })
export const RolloutSelection = Type.Union(
  [
    Type.Object({
      rule: rule('band', 'Scores strictly between low and high.'),
      low: Type.Number({ description: 'Scores up to this are dropped.' }),
      high: Type.Number({ description: 'Scores from this on are dropped.' }),
    }),
    Type.Object({
      rule: rule('topFraction', 'The largest or smallest scores of the batch.'),
      fraction: share('Share of the batch that is kept, at least one rollout.'),
      largest: Type.Boolean({ description: 'Whether large scores are kept.' }),
    }),
    Type.Object({
      rule: rule('gfpo', 'The best of every prompt by a metric (arXiv 2508.09726).'),
      count: Type.Integer({ minimum: 1, description: 'Rollouts kept of every prompt.' }),
      metric: p.Literals(['efficiency', 'short'] as const, 'Reward for each token, or fewest tokens.'),
    }),
    Type.Object({
      rule: rule('largestVariance', 'Those of every prompt whose rewards vary most (arXiv 2504.13818).'),
      fraction: share('Share of every prompt’s rollouts that is kept, at least one.'),
    }),
  ],
  {
    title: 'Rollout selection',
    description: 'Which rollouts of a batch enter the update, after the accept band.',
  },
)

export const LossReweighting = Type.Object(
  {
    strategy: p.Literals(
      ['linUpper', 'quadratic', 'extremes', 'linear', 'readmeUniform'] as const,
      'Score f of the normalised loss h in [−delta, delta]: min(h + delta, delta); 1 − h²/delta²; |h|; (h + delta)/2; h.',
    ),
    temperature: orNull('r after the warm-up; null for equal weights.', 1e-6),
    warmUpSteps: p.Count('Steps below this number have the temperature of the warm-up.'),
    warmUpTemperature: orNull('r in the warm-up; null for equal weights.', 1e-6),
    delta: Type.Number({ exclusiveMinimum: 0, description: 'Half the range that losses are normalised to.' }),
    rangeGuard: Type.Number({
      exclusiveMinimum: 0,
      description: 'The range of the losses counts as at least this, nats.',
    }),
  },
  {
    title: 'Loss reweighting',
    description:
      'How to weigh the sequences of a global batch by their mean token losses ℓ: h = delta·(2ℓ − max − min) / max(max − min, rangeGuard), then softmax(f / r) (arXiv 2502.06733).',
  },
)

const unlessNone = (description: string) => Type.Union([Type.Number(), Type.Null()], { description })
export const Allocation = Type.Object(
  {
    samples: p.Numbers('Samples of each domain when the budget is spent, those held included.'),
    spent: Type.Number({ minimum: 0, description: 'What they cost.' }),
    losses: p.Numbers('Losses that the learning curves foretell then, nats.'),
    multiplier: unlessNone(
      'What one more unit of budget would lower the sum of losses by; null where none would.',
    ),
    level: unlessNone('The loss that every domain reaches that the budget brings down; null likewise.'),
  },
  {
    title: 'Allocation',
    description: 'How a budget of data is best spent over the domains; advice for whoever buys it.',
  },
)

/**
 * Settings beside the weights. Like the rest of the command they are the whole desired state: a setting that is not there any
 * more is back at the trainer's own default. Names listed here mean the same whichever policy sends them. Others are allowed:
 * those of a policy of your own, or those a schedule is configured to pass on; their meaning is that policy's to document.
 */
export const Controls = Type.Object(
  {
    acceptBand: Type.Optional(AcceptBand),
    rolloutSelection: Type.Optional(RolloutSelection),
    rolloutCounts: countPerDomain(
      'Rollouts for each prompt: the domain itself where domains are prompts, else every prompt of the domain.',
    ),
    lossReweighting: Type.Optional(LossReweighting),
    lossMultipliers: perDomain('Factors on the loss of each domain, beside the sampling weights.'),
    batchCounts: countPerDomain('Samples of each domain in a batch; they follow the weights.'),
    draws: Type.Optional(p.Count('Items to draw until the next decision, all domains together.')),
    dataSize: Type.Optional(
      Type.Number({
        minimum: 0,
        description: 'Amount of data in use: a share, or samples where it is above 1.',
      }),
    ),
    evaluateAfterSteps: Type.Optional(
      p.Count('Steps under this mixture after which the held-out losses shall be evaluated.'),
    ),
    phase: Type.Optional(Type.Integer({ minimum: 1, description: 'Phase of a schedule, from 1.' })),
    round: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Round of a schedule that repeats, from 1.' }),
    ),
    allocation: Type.Optional(Allocation),
    averageWeights: perDomain(
      'Average of the weights over the run so far, for the run that follows a proxy.',
    ),
    taskWeights: Type.Optional(
      Type.Record(Type.String(), Type.Number({ minimum: 0 }), {
        description: 'Weights of target tasks by name; information.',
      }),
    ),
    temperature: Type.Optional(
      Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Literal('infinite')], {
        description:
          'Temperature that flattens the sizes of the domains; information, the weights have it already.',
      }),
    ),
    epsilon: Type.Optional(
      Type.Number({ minimum: 0, description: 'Exploration floor of every weight; information.' }),
    ),
  },
  {
    title: 'Controls',
    description:
      'Settings beside the weights: the whole of them, as decided last. A trainer takes those it knows and ignores the others. Names that are not listed belong to the policy that sends them, or to the schedule that passes them on.',
    additionalProperties: true,
  },
)
export type Controls = Static<typeof Controls>
