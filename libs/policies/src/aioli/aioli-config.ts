import type { ConfigSchema, PolicyStart } from '../policy.js'

export type AioliConfig = {
  readonly stepSize: number
  /** Null: none. */
  readonly ema: number | null
  readonly sweeps: number
  readonly stepsPerProbe: number
  readonly updateSteps: number
  readonly oneHotFactor: number
  readonly normalise: boolean
  readonly diagonal: boolean
  readonly priorSteps: number
  readonly accumulateFrom: 'uniform' | 'start'
  readonly seed: number
}

export const aioliSchema: ConfigSchema = {
  type: 'object',
  properties: {
    stepSize: {
      description: 'Factor on the column sums in the exponent; the authors suggest 0.1 to 0.5.',
      type: 'number',
      minimum: 0,
    },
    ema: {
      description:
        'Share of the older interactions in their moving average; a small one forgets fast. Null: no average, weights accumulate. The authors suggest none at first.',
      type: ['number', 'null'],
      minimum: 0,
      maximum: 1,
    },
    sweeps: {
      description:
        'How often every domain is probed in a round. The authors suggest 4 to 6 where a round is long enough.',
      type: 'integer',
      minimum: 1,
    },
    stepsPerProbe: {
      description: 'Training steps under a probe before the evaluation that measures it.',
      type: 'integer',
      minimum: 1,
    },
    updateSteps: {
      description:
        'Training steps of a round, probes included; what the probes leave trains under the weights.',
      type: 'integer',
      minimum: 2,
    },
    oneHotFactor: {
      description:
        'Share of the probed domain in its probe, above 1/K; the others share the rest equally. The authors suggest less than 1.',
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
    },
    normalise: {
      description: 'Whether interactions are shifted to 0 and divided by their sum; the authors always do.',
      type: 'boolean',
    },
    diagonal: {
      description: 'Whether only the effect of a domain on itself counts (with a oneHotFactor below 1).',
      type: 'boolean',
    },
    priorSteps: {
      description:
        'Training steps under the mixture that the run starts with, before the first round: the restricted setting.',
      type: 'integer',
      minimum: 0,
    },
    accumulateFrom: {
      description:
        'Where weights begin to accumulate: the uniform mixture, as in the code, or the mixture that the run starts with.',
      enum: ['uniform', 'start'],
    },
    seed: { description: 'Seed of the order of the probes.', type: 'integer' },
  },
  additionalProperties: false,
}

/** Training steps that a round spends on probes. */
export const probeSteps = (config: AioliConfig, domains: number): number =>
  domains * config.sweeps * config.stepsPerProbe

export function aioliProblems(config: AioliConfig, start: PolicyStart): readonly string[] {
  const domains = start.domains.length
  const problems: string[] = []
  if (domains > 1 && config.oneHotFactor * domains <= 1 + 1e-9) {
    problems.push(
      `oneHotFactor: expected more than ${1 / domains}, an equal share, got ${config.oneHotFactor}; raise it, or all probes are the same.`,
    )
  }
  const spent = probeSteps(config, domains)
  if (spent >= config.updateSteps) {
    problems.push(
      `updateSteps: expected more than ${spent}, which ${config.sweeps} probes of ${config.stepsPerProbe} steps for each of ${domains} domains take, got ${config.updateSteps}; raise it, or probe less.`,
    )
  }
  return problems
}
