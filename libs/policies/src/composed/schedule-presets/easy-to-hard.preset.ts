import { positionProblems, positionSchema, type Position } from '../position.js'
import { mixed, orderOf, orderProblems, startWeightsAmong, type SchedulePreset } from '../schedule-preset.js'

type EasyToHard = {
  readonly order: readonly string[]
  readonly over: Position
  readonly pace: 'root' | 'linear'
  readonly start: number
  readonly stages: number
}

export const easyToHard: SchedulePreset<EasyToHard> = {
  name: 'easy-to-hard',
  title: 'Easy to hard over a budget',
  cites: ['arXiv:1903.09848'],
  describe:
    'Lets domains in one after the other, the easiest first, until all are in when the budget is used. How much is in grows with the competence of the paper: c(t) = √(t (1 − c₀²)/T + c₀²), fast at first, or evenly from c₀. Domains that are in keep the proportions of the start. The paper orders sentences by length or rarity; with domains, order them by the loss of a small model.',
  defaults: { order: [], over: { share: 0.5 }, pace: 'root', start: 0.01, stages: 10 },
  schema: {
    type: 'object',
    properties: {
      order: {
        description: 'Every domain by name, the easiest first. Empty: as the run lists them.',
        type: 'array',
        items: { type: 'string' },
      },
      over: positionSchema('The budget after which all are in: exactly one of steps, tokens, share.', {
        steps: 'Steps of the run.',
        tokens: 'Tokens of the run, all domains together.',
        share: 'Share of the declared horizon.',
      }),
      pace: {
        description: 'Whether the square of the competence grows evenly (root), or the competence (linear).',
        enum: ['root', 'linear'],
      },
      start: {
        description: 'Competence at the start, c₀: the share of domains that is in from the first step on.',
        type: 'number',
        minimum: 0,
        exclusiveMaximum: 1,
      },
      stages: { description: 'Changes of the mixture at most.', type: 'integer', minimum: 1, maximum: 100 },
    },
    additionalProperties: false,
  },
  check: ({ order, over }, start) => [
    ...orderProblems('order', order, start),
    ...positionProblems('over', over, start.horizon),
  ],
  build({ order, over, pace, start: first, stages }, start) {
    const names = orderOf(order, start)
    const count = Math.min(stages, names.length)
    const inStage = (stage: number) => Math.ceil((names.length * (stage + 1)) / count - 1e-9)
    return {
      phases: Array.from({ length: count }, (_, stage) => {
        const domains = inStage(stage)
        const last = stage === count - 1
        const ends = { until: partOf(over, timeOf(domains / names.length, first, pace)) }
        return mixed(
          `the ${domains} easiest of ${names.length}`,
          startWeightsAmong(names.slice(0, domains), start),
          last ? {} : ends,
        )
      }),
    }
  },
}

/** When competence has grown to this, as a share of the budget. */
function timeOf(competence: number, first: number, pace: EasyToHard['pace']): number {
  const time =
    pace === 'linear'
      ? (competence - first) / (1 - first)
      : (competence * competence - first * first) / (1 - first * first)
  return Math.min(Math.max(time, 0), 1)
}

function partOf({ steps, tokens, share }: Position, time: number): Position {
  if (steps !== undefined) return { steps: Math.ceil(steps * time - 1e-9) }
  return tokens === undefined ? { share: share! * time } : { tokens: tokens * time }
}
