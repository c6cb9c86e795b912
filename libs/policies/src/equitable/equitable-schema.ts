import type { ConfigSchema } from '../policy.js'

const byName = (description: string, bound: object) => ({
  description,
  type: ['object', 'null'],
  additionalProperties: { type: 'number', ...bound },
})

export const equitableSchema: ConfigSchema = {
  type: 'object',
  properties: {
    objective: {
      description: 'What is to be least: the sum of losses by importance, or the largest loss.',
      enum: ['sum', 'max'],
    },
    allocation: {
      description:
        'Optimal: a block, or the rest of the budget, in the proportions that the objective wants. Sequential: one block after the other to one domain each.',
      enum: ['optimal', 'sequential'],
    },
    unit: { description: 'What a sample is, in costs, caps and held.', enum: ['tokens', 'sequences'] },
    costs: byName('Cost of a sample, by domain. null: 1.', { exclusiveMinimum: 0 }),
    importance: byName('What a nat of the loss of a domain counts in the sum. null: 1.', { minimum: 0 }),
    held: byName('Samples there were when the run began, by domain. null: none.', { minimum: 0 }),
    caps: byName(
      'The most samples there can be, those held included, by domain. null: the declared tokens where the unit is tokens, else no limit.',
      { minimum: 0 },
    ),
    curves: {
      description:
        'Known learning curves, loss = irreducible + scale · samples^(−exponent) in nats, by domain. null: fitted to evaluations.',
      type: ['object', 'null'],
      additionalProperties: {
        type: 'object',
        properties: {
          scale: {
            description: 'Loss above the irreducible one at one sample, nats.',
            type: 'number',
            minimum: 0,
          },
          exponent: { description: 'How fast it falls.', type: 'number', exclusiveMinimum: 0 },
          irreducible: { description: 'Loss of endless samples, nats.', type: 'number' },
        },
        required: ['scale', 'exponent', 'irreducible'],
        additionalProperties: false,
      },
    },
    budget: {
      description: 'Cost of all samples in the end, those held included. null: no end, block after block.',
      type: ['number', 'null'],
      exclusiveMinimum: 0,
    },
    block: {
      description:
        'Cost of what is planned at a time; a round ends when it is spent. The optimal allocation plans the rest of a budget at once.',
      type: 'number',
      exclusiveMinimum: 0,
    },
    exploration: {
      description:
        'Chance of a round to go to a domain that has too few sizes, as long as there is one; other rounds hold then.',
      type: 'number',
      minimum: 0,
      maximum: 1,
    },
    seed: { description: 'Seed of that chance.', type: 'integer' },
    fewestSizes: {
      description: 'Different numbers of samples at which a domain must have been evaluated.',
      type: 'integer',
      minimum: 3,
    },
    sizesToStarve: {
      description:
        'Different numbers of samples after which a curve that looks flat is believed; before, its domain keeps its share.',
      type: 'integer',
      minimum: 3,
    },
    historyPoints: {
      description: 'Evaluations kept a domain; when there are more, every second one goes.',
      type: 'integer',
      minimum: 8,
    },
  },
  additionalProperties: false,
}
