import type { ConfigSchema } from '../policy.js'
import { positionSchema } from './position.js'

const thresholdProperties = {
  below: { description: 'Reached at this value or less.', type: 'number' },
  above: { description: 'Reached at this value or more.', type: 'number' },
  patience: {
    description:
      'Measurements in a row that have to reach it; 1 where left out. Reached once is reached until the phase ends.',
    type: 'integer',
    minimum: 1,
  },
}

const budgetProperties = {
  steps: { description: 'Steps in which the domain had tokens.', type: 'integer', minimum: 0 },
  tokens: { description: 'Tokens of the domain.', type: 'number', minimum: 0 },
  passes: { description: 'Times the tokens that the domain declares.', type: 'number', minimum: 0 },
}

export const budgetsSchema = (description: string) => ({
  description,
  type: 'object',
  additionalProperties: { type: 'object', properties: budgetProperties, additionalProperties: false },
})

/** JSON Schema of a condition; `any` and `all` may hold conditions `depth` levels deep. */
export function untilSchema(description: string, depth = 2): Readonly<Record<string, unknown>> {
  const { properties } = positionSchema('', {
    steps: 'The step that is the last of the phase.',
    tokens: 'Tokens of the run, all domains together.',
    share: 'Share of the declared horizon.',
  })
  const combined = (text: string) => ({
    description: text,
    type: 'array',
    minItems: 1,
    items: untilSchema('A condition.', depth - 1),
  })
  return {
    description,
    type: 'object',
    properties: {
      ...properties,
      after: lengthSchema(
        'Length of the phase, counted from its beginning: exactly one of steps, tokens, share.',
      ),
      loss: {
        description: 'The loss of a domain, nats per token: either below or above.',
        type: 'object',
        properties: {
          domain: { description: 'Name of the domain.', type: 'string' },
          of: {
            description:
              'The held-out loss of evaluations (where left out), or the mean training loss of a step.',
            enum: ['heldOut', 'training'],
          },
          ...thresholdProperties,
        },
        required: ['domain'],
        additionalProperties: false,
      },
      score: {
        description: 'The score of a task in evaluations: either below or above.',
        type: 'object',
        properties: {
          task: { description: 'Name of the task.', type: 'string' },
          ...thresholdProperties,
        },
        required: ['task'],
        additionalProperties: false,
      },
      used: {
        description: 'How much of a domain was used since the phase began: steps, tokens or passes.',
        type: 'object',
        properties: { domain: { description: 'Name of the domain.', type: 'string' }, ...budgetProperties },
        required: ['domain'],
        additionalProperties: false,
      },
      ...(depth === 0
        ? {}
        : { any: combined('One of several conditions.'), all: combined('Every one of several conditions.') }),
    },
    additionalProperties: false,
  }
}

/** JSON Schema of a stretch of the run. */
export const lengthSchema = (description: string) =>
  positionSchema(description, {
    steps: 'Steps, by their numbers.',
    tokens: 'Tokens, all domains together.',
    share: 'Share of the declared horizon.',
  })

export const transitionSchema = {
  description:
    'Moves to the mixture of this phase gradually, from the one in force when it began. Left out: at once.',
  type: 'object',
  properties: {
    over: lengthSchema('How long the move takes: exactly one of steps, tokens, share.'),
    shape: {
      description: 'Evenly (linear, where left out), or slow at both ends (cosine).',
      enum: ['linear', 'cosine'],
    },
  },
  required: ['over'],
  additionalProperties: false,
}

export const scheduleSchema: ConfigSchema = {
  type: 'object',
  properties: {
    phases: {
      description:
        'The phases in order; all but the last say until when they last. Left out: one phase of the mixture the run starts with.',
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: {
          title: { description: 'What explanations call the phase.', type: 'string', minLength: 1 },
          policy: { description: 'Name of the policy of this phase.', type: 'string', minLength: 1 },
          config: {
            description: 'Its configuration; what is left out takes its defaults.',
            type: 'object',
          },
          until: untilSchema(
            'When the phase ends: exactly one of steps, tokens, share, after, loss, score, used, any, all.',
          ),
          domains: {
            description:
              'The domains this phase uses; all others have weight 0. Its policy knows of no other. Left out: all.',
            type: 'array',
            minItems: 1,
            items: { type: 'string' },
          },
          budgets: budgetsSchema(
            'How much of a domain this phase may use; it then leaves, and the others share its weight. A phase that has used up all its domains ends.',
          ),
          transition: transitionSchema,
          controls: {
            description: 'Settings for the trainer while the phase lasts, beside those of its policy.',
            type: 'object',
          },
        },
        required: ['policy'],
        additionalProperties: false,
      },
    },
    repeat: {
      description:
        'How often the phases are gone through, or "forever"; every phase then has an end. After the last round the last phase stays. Left out: once.',
      type: ['integer', 'string'],
      minimum: 1,
    },
    budgets: budgetsSchema('How much of a domain the whole run may use, by name of the domain.'),
    preset: {
      description:
        'A shipped recipe in place of phases, repeat and budgets: its name, and its parameters beside it.',
      type: 'object',
      properties: { name: { description: 'Name of the preset.', type: 'string', minLength: 1 } },
      required: ['name'],
    },
  },
  additionalProperties: false,
}
