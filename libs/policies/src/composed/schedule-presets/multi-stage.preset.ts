import type { Json } from '../../policy.js'
import { positionProblems, units, type Position } from '../position.js'
import type { Phase, Transition, Until } from '../schedule-config.js'
import { lengthSchema, transitionSchema, untilSchema } from '../schedule-schema.js'
import { mixed, weightsOf, weightsSchema, type SchedulePreset } from '../schedule-preset.js'

type Stage = {
  readonly title?: string
  readonly weights: Readonly<Record<string, number>>
  readonly lasts?: Position
  readonly until?: Until
  readonly controls?: Readonly<Record<string, Json>>
}
type MultiStage = { readonly stages: readonly Stage[]; readonly transition: Transition | null }

export const multiStage: SchedulePreset<MultiStage> = {
  name: 'multi-stage',
  title: 'Multi-stage recipe',
  cites: ['arXiv:2502.02737', 'arXiv:2501.00656', 'arXiv:2412.17743'],
  describe:
    'One mixture after the other, each for a length of the run or until a condition holds, at once or gradually. SmolLM2 went through four stages of 11T tokens with ever more code and mathematics, the last while the learning rate fell; OLMo 2 through a long general and a short, better one; YuLan-Mini through many phases. A stage may carry settings for the trainer, such as the length of its sequences.',
  defaults: { stages: [], transition: null },
  schema: {
    type: 'object',
    properties: {
      stages: {
        description: 'The stages in order; all but the last say how long they last, or until when.',
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          properties: {
            title: { description: 'What explanations call the stage.', type: 'string', minLength: 1 },
            weights: weightsSchema(
              'Weights by name, in any scale; 0 for domains left out. Empty: those the run starts with.',
            ),
            lasts: lengthSchema('Its length: exactly one of steps, tokens, share.'),
            until: untilSchema('What ends it, in place of a length.', 1),
            controls: { description: 'Settings for the trainer meanwhile.', type: 'object' },
          },
          required: ['weights'],
          additionalProperties: false,
        },
      },
      transition: {
        ...transitionSchema,
        description: 'Moves from stage to stage gradually. null: at once.',
        type: ['object', 'null'],
      },
    },
    additionalProperties: false,
  },
  check: ({ stages }, { horizon }) =>
    stages.flatMap(({ lasts, until }, i) => {
      const path = `stages[${i}]`
      const ends = [lasts, until].filter((end) => end !== undefined).length
      if (i === stages.length - 1) {
        return ends === 0
          ? []
          : [`${path}: expected no end, for the last stage lasts as long as the run; remove it.`]
      }
      if (ends !== 1)
        return [
          `${path}: expected exactly one of lasts, until, got ${ends === 0 ? 'none' : 'both'}; say when it ends.`,
        ]
      return lasts === undefined ? [] : positionProblems(`${path}.lasts`, lasts, horizon)
    }),
  needs: ({ stages }) =>
    stages.flatMap(({ until }) => (until === undefined ? [] : [{ policy: 'static', until }])),
  build: ({ stages, transition }, start) => ({
    phases: stages.map((stage, i): Phase => {
      const until = endOf(stages, i)
      return mixed(stage.title ?? `stage ${i + 1}`, weightsOf(stage.weights, start), {
        ...(until === undefined ? {} : { until }),
        ...(transition === null || i === 0 ? {} : { transition }),
        ...(stage.controls === undefined ? {} : { controls: stage.controls }),
      })
    }),
  }),
}

/** Lengths in one unit add up to positions of the run, which do not drift; after a condition they count from the last change. */
function endOf(stages: readonly Stage[], i: number): Until | undefined {
  const { lasts, until } = stages[i]!
  if (lasts === undefined) return until
  const unit = units.find((one) => lasts[one] !== undefined)!
  const before = stages.slice(0, i + 1).map((stage) => stage.lasts?.[unit])
  return before.every((length) => length !== undefined)
    ? { [unit]: before.reduce((sum, length) => sum + length, 0) }
    : { after: lasts }
}
