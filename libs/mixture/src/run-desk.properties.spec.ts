import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TrainerEvent } from '@mixdesk/contracts'
import {
  decisionsIn,
  frozen,
  inLog,
  aRun,
  losses,
  runId,
  tell,
  type Told,
} from '../../../test/support/facts.js'
import { histories } from '../../../test/support/histories.js'
import { refoldLearning } from './refold.js'
import { createReplay } from './replay.js'
import { openDesk } from './run-desk.js'
import type { RunMessage } from './run-message.js'

/** The whole history, told at once; what a resume needs is folded again from the history where no checkpoint has it. */
const whole = (messages: readonly RunMessage[]): Told =>
  tell(messages, { fetch: ({ step, beforeAttempt }) => refoldLearning(messages, step, beforeAttempt) })

const sum = (weights: readonly number[]) => weights.reduce((total, weight) => total + weight, 0)

describe('any history', () => {
  it('gives mixtures on the simplex whose parts add up to proposed − previous', () => {
    fc.assert(
      fc.property(histories, (facts) => {
        for (const { weights, proposed, previous, because } of decisionsIn(whole(inLog(facts)).effects)) {
          expect(weights.every((weight) => weight >= 0)).toBe(true)
          expect(Math.abs(sum(weights) - 1)).toBeLessThan(1e-12)
          proposed.forEach((weight, i) => {
            const parts = sum(Object.values(because.parts).map((part) => part[i]!))
            expect(Math.abs(parts - (weight - previous[i]!))).toBeLessThan(1e-12)
          })
        }
      }),
    )
  })

  it('gives the same effects and the same state when saved and restored after every message', () => {
    fc.assert(
      fc.property(histories, (facts) => {
        const messages = inLog(facts)
        const at = whole(messages)
        let saved: { state: string; cursor: number } | undefined
        const checkpoints: Told['effects']['checkpoints'] = []
        const events: unknown[] = []
        for (const message of messages) {
          const desk = openDesk(runId, saved)
          desk.ingest(message)
          for (;;) {
            const { effects, needs } = desk.advance()
            events.push(...effects.events, ...effects.commands)
            checkpoints.push(...(JSON.parse(JSON.stringify(effects.checkpoints)) as typeof checkpoints))
            if (needs === undefined) break
            const kept = checkpoints.findLast(
              (one) => one.step === needs.step && one.attempt >= needs.sinceAttempt,
            )
            desk.provide(kept?.learning ?? refoldLearning(messages, needs.step, needs.beforeAttempt)!)
          }
          saved = { state: desk.snapshot(), cursor: desk.cursor() }
        }
        const { events: all, commands } = at.effects
        const byText = (one: unknown) => JSON.stringify(one)
        expect(events.map(byText).sort()).toEqual([...all, ...commands].map(byText).sort())
        expect(saved!.state).toBe(at.desk.snapshot())
      }),
    )
  })

  it('finds what was learned at a step again from the log, as the checkpoint of it says', () => {
    fc.assert(
      fc.property(histories, (facts) => {
        const messages = inLog(facts)
        const { effects, desk } = whole(messages)
        const { attempts, learning } = desk.state()!
        for (const { step, attempt, learning: kept } of effects.checkpoints) {
          // Checkpoints of steps that a later attempt has lived again don't count.
          const since = attempts.findLast((one) => one.fromStep < step)!.attempt
          if (attempt < since || learning.step <= step) continue
          expect(refoldLearning(messages, step, Infinity)).toEqual(kept)
        }
      }),
    )
  })

  it('decides the same when every message comes twice', () => {
    fc.assert(
      fc.property(histories, (facts) => {
        const once = whole(inLog(facts))
        const twice = whole(inLog(facts.flatMap((fact) => [fact, fact])))
        expect(decisionsIn(twice.effects)).toEqual(decisionsIn(once.effects))
        expect(twice.effects.events).toEqual(once.effects.events)
        expect(twice.effects.checkpoints).toEqual(once.effects.checkpoints)
      }),
    )
  })

  it('changes nothing of what it was given', () => {
    fc.assert(fc.property(histories, (facts) => void whole(frozen(inLog(facts)))))
  })

  it('replays to the same decisions', () => {
    fc.assert(
      fc.property(histories, (facts) => {
        const messages = inLog(facts)
        const recorded = decisionsIn(whole(messages).effects)
        const started = facts[0] as Extract<TrainerEvent, { name: 'run.started' }>
        const resumes = facts.flatMap((fact) => (fact.name === 'run.resumed' ? [fact.data.step] : []))
        for (const options of [{ resumes }, {}]) {
          const replay = createReplay(started.data, { kind: 'same' }, recorded, options)
          for (const message of messages) replay.take(message)
          expect(replay.finish()).toMatchObject({ identical: true, compared: recorded.length })
        }
      }),
    )
  })
})

describe('the order of things that have none', () => {
  const values = fc.array(
    fc.array(fc.array(fc.double({ min: 0, max: 1e4, noNaN: true }), { minLength: 4, maxLength: 4 }), {
      minLength: 3,
      maxLength: 3,
    }),
    { minLength: 3, maxLength: 12 },
  )
  const domains = ['a', 'b', 'c', 'd'].map((name, i) => ({ name, weight: i + 1 }))
  const config = { variant: 'paper' }
  const run = {
    ranks: 3,
    cadence: 1,
    policy: { name: 'odm', config },
    guards: { floor: { a: 0.1 }, ceiling: 0.5 },
  }

  it('of ranks changes no bit', () => {
    fc.assert(
      fc.property(values, fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), (steps, order) => {
        const decide = (ranks: readonly number[]) =>
          decisionsIn(
            tell(
              inLog([
                aRun({ ...run, domains }),
                ...steps.flatMap((byRank, step) =>
                  ranks.map((rank) => losses(step, rank, { lossSum: byRank[rank]! })),
                ),
              ]),
            ).effects,
          )
        expect(decide(order)).toEqual(decide([0, 1, 2]))
      }),
    )
  })

  it('of domains orders the weights and changes nothing else', () => {
    fc.assert(
      fc.property(values, fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), (steps, order) => {
        const last = (by: readonly number[]) => {
          const facts = steps.flatMap((byRank, step) =>
            byRank.map((lossSum, rank) => losses(step, rank, { lossSum: by.map((i) => lossSum[i]!) })),
          )
          return tell(inLog([aRun({ ...run, domains: by.map((i) => domains[i]!) }), ...facts])).desk.state()!
            .learning.weights
        }
        const plain = last([0, 1, 2, 3])
        last(order).forEach((weight, i) => expect(weight).toBeCloseTo(plain[order[i]!]!, 9))
      }),
    )
  })
})
