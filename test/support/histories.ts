import * as fc from 'fast-check'
import type { TrainerEvent } from '@mixdesk/contracts'
import {
  aRun,
  annotated,
  applied,
  checkpoint,
  domainsNamed,
  evaluation,
  finished,
  freeze,
  losses,
  override,
  refused,
  resumed,
  thaw,
} from './facts.js'

type Turn =
  | {
      readonly kind: 'step'
      readonly order: readonly number[]
      readonly absent: number | null
      readonly bad: boolean
      readonly lag: number
      readonly scale: number
    }
  | {
      readonly kind:
        | 'evaluation'
        | 'checkpoint'
        | 'freeze'
        | 'thaw'
        | 'override'
        | 'applied'
        | 'refused'
        | 'annotated'
        | 'finished'
    }
  | { readonly kind: 'resume'; readonly back: number }

const ranks = 3
const turn: fc.Arbitrary<Turn> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('step' as const),
      order: fc.shuffledSubarray([0, 1, 2], { minLength: ranks }),
      absent: fc.option(fc.nat(ranks - 1), { freq: 6 }),
      bad: fc.nat(9).map((n) => n === 0),
      lag: fc.nat(3),
      scale: fc.double({ min: 0.1, max: 5, noNaN: true }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'evaluation',
        'checkpoint',
        'freeze',
        'thaw',
        'override',
        'applied',
        'refused',
        'annotated',
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.record({ kind: fc.constant('resume' as const), back: fc.nat(6) }),
      fc.record({ kind: fc.constant('finished' as const) }),
    ),
  },
)

const run = fc.record({
  policy: fc.constantFrom(
    { name: 'odm' },
    { name: 'odm', config: { variant: 'paper' } },
    { name: 'doremi' },
    { name: 'uniform' },
  ),
  cadence: fc.integer({ min: 1, max: 3 }),
  lateness: fc.integer({ min: 1, max: 4 }),
  guards: fc.constantFrom(
    {},
    { floor: 0.05, ceiling: 0.6, largestChange: 0.1, acknowledgeWithin: 3 },
    { minimumEvidence: { steps: 3 } },
    { entropyFloor: { share: 0.97 }, largestChange: { total: 0.2, perDomain: 0.08 } },
    { repetitionCap: { epochs: { 'domain-0': 0.5, 'domain-1': 1 } }, largestChange: 0.1 },
  ),
})

/** Random histories of a run of three domains and three ranks, with all that trainers and people may say. */
export const histories: fc.Arbitrary<TrainerEvent[]> = fc
  .tuple(run, fc.array(turn, { minLength: 5, maxLength: 60 }))
  .map(([settings, turns]) => [
    aRun({
      ...settings,
      ranks,
      domains: domainsNamed(3).map((domain, i) => ({ ...domain, weight: i + 1, tokens: 5000 })),
    }),
    ...said(turns),
  ])

function said(turns: readonly Turn[]): TrainerEvent[] {
  let [step, attempt, version] = [-1, 1, 1]
  return turns.flatMap((one, i): TrainerEvent[] => {
    const of = { attempt }
    switch (one.kind) {
      case 'step': {
        step++
        version += step % 2
        const reported = one.order.filter((rank) => rank !== one.absent)
        return reported.map((rank) => {
          const lossSum = [1, 2, 3].map((loss, k) =>
            one.bad && rank === k ? null : one.scale * loss * 100 + rank / 7,
          )
          const signals = { clippedExcessSum: [5 * one.scale, 1, rank] }
          return losses(step, rank, {
            ...of,
            lossSum,
            signals,
            mixtureVersion: Math.max(0, version - one.lag),
          })
        })
      }
      case 'resume':
        attempt++
        step = Math.max(-1, step - one.back)
        return [resumed(attempt, step)]
      case 'evaluation':
        return [evaluation(Math.max(0, step), { ...of, scores: { b: i, a: null } })]
      case 'checkpoint':
        return [checkpoint(Math.max(0, step), of)]
      case 'freeze':
        return [freeze(`r${i}`)]
      case 'thaw':
        return [thaw(`r${i}`)]
      case 'override':
        return [override(`r${i}`, [0.2, 0.3, 0.5])]
      case 'applied':
        return [applied(Math.max(0, version - 1), i % ranks, of)]
      case 'refused':
        return [refused(Math.max(0, version - 1), of)]
      case 'annotated':
        return [annotated({ params: { [`k${i % 3}`]: i } })]
      case 'finished':
        return [finished(Math.max(0, step), of)]
    }
  })
}
