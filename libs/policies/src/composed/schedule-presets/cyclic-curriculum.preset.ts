import { cycleSizes, oneCycle, type CycleSizes } from '../cycle-sizes.js'
import type { Json, PolicyStart } from '../../policy.js'
import { positionProblems, type Position } from '../position.js'
import type { Phase } from '../schedule-config.js'
import { lengthSchema } from '../schedule-schema.js'
import { mixed, orderOf, orderProblems, startWeightsAmong, type SchedulePreset } from '../schedule-preset.js'

type CyclicCurriculum = {
  readonly start: number
  readonly end: number
  readonly alpha: number
  readonly order: readonly string[]
  readonly pass: Position
  readonly lengthFollowsSize: boolean
  readonly sizes: Readonly<Record<string, Json>> | null
}

/** Phases times domains: the run keeps a weight for each. Rounds of one size after the other are one phase. */
const mostWeights = 20_000

/** What each form of explicit sizes needs. */
const forms: { readonly [form in CycleSizes['form']]: readonly string[] } = {
  fractions: ['start', 'end', 'alpha', 'epochs'],
  integers: ['samples', 'start', 'end', 'multiplier', 'strategy', 'startIncreasing', 'totalSamples'],
  repeated: ['direction', 'edge', 'repeat', 'alpha', 'epochs'],
  cumulative: ['weights', 'epochs'],
}

const share = (description: string) => ({ description, type: 'number', exclusiveMinimum: 0, maximum: 1 })
const strategies = ['cycle', 'sharp_cycle', 'lower_to_bigger', 'bigger_to_lower']

export const cyclicCurriculum: SchedulePreset<CyclicCurriculum> = {
  name: 'cyclic-curriculum',
  title: 'Cyclical curriculum',
  cites: ['arXiv:2202.05531', 'github.com/CyclicalCurriculum/Cyclical-Curriculum'],
  describe:
    'Cycles the amount of data: a round on the easiest quarter, on half, on everything, on half, and over again. The paper does it with samples, drawn with a chance of 1/loss; here domains come in, the easiest first, each with its start weight among those that are in. The control dataSize tells the trainer the size of the round (a share, or samples in the form integers), so that it can choose samples inside domains too. CIFAR-10 accuracy 0.703 to 0.741 in the published example.',
  defaults: {
    start: 0.25,
    end: 1,
    alpha: 0.5,
    order: [],
    pass: { share: 0.2 },
    lengthFollowsSize: true,
    sizes: null,
  },
  schema: {
    type: 'object',
    properties: {
      start: share('Smallest share of the data, with which each cycle starts.'),
      end: share('Largest share of the data.'),
      alpha: share('Each round is this much smaller, or larger by its inverse.'),
      order: {
        description: 'Every domain by name, the easiest first. Empty: as the run lists them.',
        type: 'array',
        items: { type: 'string' },
      },
      pass: lengthSchema(
        'How long a round on all data lasts: exactly one of steps, tokens, share. A fifth of the run gives five epochs, as in the paper.',
      ),
      lengthFollowsSize: {
        description:
          'Whether a round on a share of the data lasts that share of a pass, as in the paper, or every round a pass.',
        type: 'boolean',
      },
      sizes: {
        description:
          'Sizes of the rounds by one of the published forms, in place of start, end and alpha without end; the last size stays. null: cycles for ever.',
        type: ['object', 'null'],
        properties: {
          form: { description: 'Which form.', enum: Object.keys(forms) },
          start: { description: 'First share.', type: 'number', minimum: 0 },
          end: { description: 'Share at the other end.', type: 'number', minimum: 0 },
          alpha: share('Form fractions and repeated: factor between sizes.'),
          multiplier: share('Form integers: factor between sizes.'),
          epochs: {
            description:
              'Forms fractions and repeated: what the sizes add up to. Form cumulative: epochs of each part.',
            type: ['number', 'array'],
            minimum: 0,
            items: { type: 'integer', minimum: 0 },
          },
          samples: { description: 'Samples there are.', type: 'integer', minimum: 1 },
          totalSamples: { description: 'What the sizes add up to.', type: 'integer', minimum: 0 },
          strategy: { description: 'Form integers: up and down, sharp, or one way.', enum: strategies },
          startIncreasing: { description: 'Form integers: whether a cycle grows first.', type: 'boolean' },
          direction: { description: 'Form repeated: one way or the other.', enum: strategies.slice(2) },
          edge: { description: 'Form repeated: the smallest share.', type: 'number', minimum: 0 },
          repeat: { description: 'Form repeated: rounds of each size.', type: 'integer', minimum: 1 },
          weights: {
            description: 'Form cumulative: how much of the data each part is, in any scale.',
            type: 'array',
            minItems: 1,
            items: { type: 'number', minimum: 0 },
          },
        },
        required: ['form'],
        additionalProperties: false,
      },
    },
    additionalProperties: false,
  },
  check(parameters, start) {
    const { order, pass, sizes } = parameters
    const problems = [
      ...orderProblems('order', order, start),
      ...positionProblems('pass', pass, start.horizon),
      ...(sizes === null ? [] : formProblems(sizes)),
    ]
    if (problems.length > 0) return problems
    const rounds = roundsOf(parameters)
    if (rounds === undefined) {
      return [
        `${sizes === null ? 'alpha' : 'sizes'}: expected sizes that reach their end, but these never do; correct the numbers.`,
      ]
    }
    const most = Math.floor(mostWeights / start.domains.length)
    return rounds.length <= most
      ? []
      : [
          `sizes: expected at most ${most} changes of size in a run of ${start.domains.length} domains, got ${rounds.length}; give fewer epochs, or leave sizes out to cycle for ever.`,
        ]
  },
  build(parameters, start) {
    const rounds = roundsOf(parameters) ?? []
    const phases = rounds.map((round) => phaseOf(round, parameters, start))
    if (parameters.sizes === null) return { phases, repeat: 'forever' }
    return { phases: phases.map((phase, i) => (i < phases.length - 1 ? phase : withoutEnd(phase))) }
  },
}

type Round = { readonly size: number; readonly share: number; readonly times: number }

/** The sizes in order, neighbours that are the same as one. */
function roundsOf({ start, end, alpha, sizes }: CyclicCurriculum): readonly Round[] | undefined {
  const cycle = sizes as CycleSizes | null
  const all = cycle === null ? oneCycle({ start, end, alpha }) : cycleSizes(cycle)
  if (all === undefined || all.length === 0) return undefined
  const whole = cycle?.form === 'integers' ? cycle.samples : 1
  const rounds: Round[] = []
  for (const size of all) {
    const last = rounds.at(-1)
    if (last?.size === size) rounds[rounds.length - 1] = { ...last, times: last.times + 1 }
    else rounds.push({ size, share: Math.min(size / whole, 1), times: 1 })
  }
  return rounds
}

function phaseOf(round: Round, parameters: CyclicCurriculum, start: PolicyStart): Phase {
  const order = orderOf(parameters.order, start)
  // A share that is a rounding above a whole number of domains is that number.
  const count = Math.max(1, Math.ceil(round.share * order.length - 1e-9))
  const passes = round.times * (parameters.lengthFollowsSize ? round.share : 1)
  return mixed(`data size ${round.size}`, startWeightsAmong(order.slice(0, count), start), {
    until: { after: lengthOf(parameters.pass, passes) },
    controls: { dataSize: round.size },
  })
}

function lengthOf({ steps, tokens, share }: Position, passes: number): Position {
  if (steps !== undefined) return { steps: Math.max(1, Math.round(steps * passes)) }
  return tokens === undefined ? { share: share! * passes } : { tokens: tokens * passes }
}

function withoutEnd({ until: _, ...phase }: Phase): Phase {
  return phase
}

function formProblems(sizes: Readonly<Record<string, Json>>): readonly string[] {
  const form = sizes['form'] as CycleSizes['form']
  const needed = forms[form]
  const missing = needed.filter((key) => sizes[key] === undefined)
  const surplus = Object.keys(sizes).filter((key) => key !== 'form' && !needed.includes(key))
  const problems: string[] = []
  if (missing.length > 0)
    problems.push(`sizes: expected ${missing.join(', ')} for the form ${form}, got none; add it.`)
  if (surplus.length > 0)
    problems.push(
      `sizes: expected only ${needed.join(', ')} for the form ${form}; remove ${surplus.join(', ')}.`,
    )
  if (sizes['epochs'] !== undefined && Array.isArray(sizes['epochs']) !== (form === 'cumulative'))
    problems.push('sizes.epochs: expected a list for the form cumulative and a number otherwise; change it.')
  else if (form === 'cumulative' && missing.length === 0) {
    const parts = [sizes['weights'], sizes['epochs']].map((list) => (list as readonly Json[]).length)
    if (parts[0] !== parts[1])
      problems.push(
        `sizes.epochs: expected ${parts[0]} numbers, one for each weight, got ${parts[1]}; add or remove some.`,
      )
  }
  return problems
}
