import { byDomainProblems } from '../by-domain.js'
import type { PolicyStart } from '../policy.js'
import { fitPowerLaw, predictLoss, type SizedLoss } from './power-law-fit.js'

/** How a configuration says which held-out loss each domain shall reach: given, or predicted by a scaling law. */
export type TargetConfig = {
  readonly targetLosses: Readonly<Record<string, number>> | null
  readonly targetPoints: Readonly<Record<string, readonly SizedLoss[]>> | null
  readonly targetSize: number | null
}

export const noTargets: TargetConfig = { targetLosses: null, targetPoints: null, targetSize: null }

export const targetProperties = {
  targetLosses: {
    description:
      'The held-out loss that each domain shall reach, nats per token, by name; for instance those of the source model. Null: predicted from `targetPoints`.',
    type: ['object', 'null'],
    additionalProperties: { type: 'number' },
  },
  targetPoints: {
    description:
      'Held-out losses measured at several sizes, by name of the domain, from models of a family or from one proxy run; a power law through them predicts the target. At least two sizes a domain.',
    type: ['object', 'null'],
    additionalProperties: {
      type: 'array',
      minItems: 2,
      items: {
        type: 'object',
        properties: {
          size: {
            description: 'Parameters of the model, or tokens it was trained on; the same unit everywhere.',
            type: 'number',
            exclusiveMinimum: 0,
          },
          loss: { description: 'Held-out loss at that size, nats per token.', type: 'number', minimum: 0 },
        },
        required: ['size', 'loss'],
        additionalProperties: false,
      },
    },
  },
  targetSize: {
    description: 'The size for which `targetPoints` are to predict the loss, in the unit of their sizes.',
    type: ['number', 'null'],
    exclusiveMinimum: 0,
  },
} as const

export function targetProblems(config: TargetConfig, start: PolicyStart): readonly string[] {
  const { targetLosses, targetPoints, targetSize } = config
  if ((targetLosses === null) === (targetPoints === null)) {
    return [
      `targetLosses: expected either these or targetPoints, got ${targetLosses === null ? 'neither' : 'both'}; give the loss that each domain shall reach, or the points that predict it.`,
    ]
  }
  if (targetLosses !== null) return byDomainProblems('targetLosses', targetLosses, start.domains)
  const counts = Object.fromEntries(
    Object.entries(targetPoints!).map(([name, points]) => [
      name,
      new Set(points.map(({ size }) => size)).size,
    ]),
  )
  const single = Object.keys(counts).filter((name) => counts[name]! < 2)
  return [
    ...byDomainProblems('targetPoints', counts, start.domains),
    ...(single.length === 0
      ? []
      : [
          `targetPoints: expected losses at two sizes or more, got one size for ${single.join(', ')}; add another, or give targetLosses.`,
        ]),
    ...(targetSize === null
      ? ['targetSize: expected the size to predict for, got null; give it in the unit of targetPoints.']
      : []),
  ]
}

/** The target of every domain, for a configuration without problems; `null` where there is none. */
export function targetsOf(config: TargetConfig, start: PolicyStart): readonly (number | null)[] {
  return start.domains.map(({ name }) => {
    const given = config.targetLosses?.[name]
    if (given !== undefined) return given + 0
    const law = fitPowerLaw(config.targetPoints?.[name] ?? [])
    return law === undefined || config.targetSize === null ? null : predictLoss(law, config.targetSize)
  })
}
