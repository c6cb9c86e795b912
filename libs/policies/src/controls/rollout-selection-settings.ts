import type { RolloutSelection } from './select-rollouts.js'

/** Which members of a selection its rule reads. */
const members: Readonly<Record<RolloutSelection['rule'], readonly string[]>> = {
  band: ['low', 'high'],
  topFraction: ['fraction', 'largest'],
  gfpo: ['count', 'metric'],
  largestVariance: ['fraction'],
}

export const rolloutSelectionSchema = {
  description:
    'Which rollouts of a batch enter the update: null for all; `band` (low, high; exclusive), `topFraction` (fraction, largest), `gfpo` (count, metric) or `largestVariance` (fraction).',
  type: ['object', 'null'],
  properties: {
    rule: {
      description: 'The rule; it decides which other members are needed.',
      enum: ['band', 'topFraction', 'gfpo', 'largestVariance'],
    },
    low: { description: 'Scores up to this are dropped (`band`).', type: 'number' },
    high: { description: 'Scores from this on are dropped (`band`).', type: 'number' },
    fraction: {
      description: 'Share kept, of the batch (`topFraction`) or of every group (`largestVariance`).',
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
    },
    largest: {
      description: 'Whether large scores are kept, or small ones (`topFraction`).',
      type: 'boolean',
    },
    count: { description: 'Rollouts kept of every group (`gfpo`).', type: 'integer', minimum: 1 },
    metric: {
      description: 'Reward for each token, or few tokens (`gfpo`).',
      enum: ['efficiency', 'short'],
    },
  },
  required: ['rule'],
  additionalProperties: false,
} as const

/** Members that a rule needs and does not have, or has and does not read. */
export function selectionProblems(selection: RolloutSelection | null): readonly string[] {
  if (selection === null) return []
  const expected = members[selection.rule]
  const given = Object.keys(selection).filter((key) => key !== 'rule')
  const missing = expected.filter((key) => !given.includes(key))
  const unread = given.filter((key) => !expected.includes(key))
  return missing.length + unread.length === 0
    ? []
    : [
        `rolloutSelection: expected ${expected.join(' and ')} with the rule ${selection.rule}, got ${given.length === 0 ? 'nothing' : given.join(' and ')}; give just those.`,
      ]
}
