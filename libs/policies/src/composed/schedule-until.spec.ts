import { describe, expect, it } from 'vitest'
import { drive, phases, problemsOf, schedule, start } from './schedule.fixture.js'

const run = start({ code: 0.6, web: 0.4 }, { steps: 20, tokens: 400 })
const until = (condition: object) => ({
  phases: [{ policy: 'static', until: condition }, { policy: 'uniform' }],
})
/** The step after which the second phase begins. */
const change = (condition: object, told: Parameters<typeof drive>[3] = {}, among = run) => {
  const seen = drive(until(condition), among, 12, told)
  return seen.find((one) => one.phase === 2)?.step
}
const falling = (step: number) => ({ loss: { code: 3 - step / 10, web: 5 } })

describe('a length', () => {
  it('counts from where the phase began, in any unit', () => {
    expect(change({ after: { steps: 3 } })).toBe(3)
    expect(change({ after: { steps: 3 } }, { firstStep: 30_000 })).toBe(30_002)
    expect(change({ after: { tokens: 60 } })).toBe(3)
    expect(change({ after: { share: 0.2 } })).toBe(4)
    expect(change({ after: { share: 0.2 } }, {}, start({ code: 1, web: 1 }, { steps: 20 }))).toBe(4)
    expect(change({ after: { steps: 0 } })).toBe(0)
  })

  it('counts in later phases from the step that ended the one before', () => {
    const seen = drive(
      {
        phases: [
          { policy: 'static', until: { tokens: 50 } },
          { policy: 'natural', until: { after: { tokens: 40 } } },
          { policy: 'uniform' },
        ],
      },
      start({ code: 0.6, web: 0.4 }, undefined, { code: 1, web: 3 }),
      6,
    )
    expect(phases(seen)).toEqual([1, 1, 1, 2, 2, 3, 3])
  })
})

describe('a loss', () => {
  it('is reached at the value or beyond it, on held-out data unless said otherwise', () => {
    expect(change({ loss: { domain: 'code', below: 2.5 } }, { evaluate: falling })).toBe(5)
    expect(change({ loss: { domain: 'web', above: 5 } }, { evaluate: falling })).toBe(1)
    expect(change({ loss: { domain: 'web', above: 5.1 } }, { evaluate: falling })).toBeUndefined()
    expect(change({ loss: { domain: 'code', below: 3 } })).toBeUndefined()
  })

  it('is that of a step where training is asked for', () => {
    const losses = (step: number) => [step < 4 ? null : 3 - step / 10, 1]
    const condition = { loss: { domain: 'code', of: 'training', below: 2.75 } }
    expect(change(condition, { losses, evaluate: () => ({ loss: { code: 0 } }) })).toBe(4)
  })

  it('takes as many measurements in a row as it is patient', () => {
    const wobbling = [9, 2, 2, 9, 2, null, 2, 2, 2]
    const evaluate = (step: number) => {
      const code = wobbling[step - 1]
      return code === null || code === undefined ? {} : { loss: { code } }
    }
    // 2 2 | 9 ends the row | 2, a gap, 2, 2.
    expect(change({ loss: { domain: 'code', below: 2, patience: 3 } }, { evaluate })).toBe(8)
  })
})

it('a score is reached in an evaluation that has it', () => {
  const evaluate = (step: number) => (step % 2 === 0 ? { scores: { gsm8k: step / 10 } } : {})
  expect(change({ score: { task: 'gsm8k', above: 0.5 } }, { evaluate })).toBe(6)
  expect(change({ score: { task: 'gsm8k', below: 0.5, patience: 2 } }, { evaluate })).toBe(4)
  expect(change({ score: { task: 'toString', above: 0 } }, { evaluate })).toBeUndefined()
})

it('what a domain has used counts from the beginning of the phase', () => {
  const among = start({ code: 0.6, web: 0.4 }, undefined, { code: 20, web: 100 })
  expect(change({ used: { domain: 'code', passes: 2 } }, {}, among)).toBe(4)
  expect(change({ used: { domain: 'code', tokens: 25 } }, {}, among)).toBe(3)
  expect(change({ used: { domain: 'code', steps: 2 } }, {}, among)).toBe(2)
  const again = {
    phases: [
      { policy: 'static', until: { used: { domain: 'code', steps: 2 } } },
      { policy: 'uniform', until: { used: { domain: 'code', steps: 3 } } },
      { policy: 'static' },
    ],
  }
  expect(phases(drive(again, among, 6))).toEqual([1, 1, 2, 2, 2, 3, 3])
})

describe('several conditions', () => {
  const code = { loss: { domain: 'code', below: 2.5 } }
  const score = { score: { task: 'gsm8k', above: 0.8 } }
  const evaluate = (step: number) => ({
    loss: { code: step === 5 ? 2.5 : 3 },
    scores: { gsm8k: step >= 8 ? 0.9 : 0 },
  })

  it('end the phase with the first of any', () => {
    expect(change({ any: [score, code] }, { evaluate })).toBe(5)
    expect(change({ any: [score, code, { steps: 3 }] }, { evaluate })).toBe(3)
  })

  it('end the phase with the last of all, and what was reached stays reached', () => {
    expect(change({ all: [code, score] }, { evaluate })).toBe(8)
    expect(change({ all: [{ steps: 10 }, code, score] }, { evaluate })).toBe(10)
  })

  it('may be combined once more', () => {
    expect(change({ any: [{ all: [code, { steps: 7 }] }, { steps: 9 }] }, { evaluate })).toBe(7)
    expect(change({ all: [{ any: [score, code] }, { any: [score, { steps: 2 }] }] }, { evaluate })).toBe(5)
  })

  it('start over with each phase', () => {
    const config = {
      phases: [{ policy: 'static', until: code }, { policy: 'uniform', until: code }, { policy: 'static' }],
    }
    const low = (step: number) => ({ loss: { code: step === 2 || step === 5 ? 2 : 3 } })
    expect(phases(drive(config, run, 6, { evaluate: low }))).toEqual([1, 1, 2, 2, 2, 3, 3])
  })
})

it('passes on a phase whose position is behind, when the one before ends by a condition', () => {
  const config = {
    phases: [
      { policy: 'static', until: { loss: { domain: 'code', below: 2.5 } } },
      { policy: 'natural', until: { steps: 4 } },
      { policy: 'uniform' },
    ],
  }
  const among = start({ code: 0.6, web: 0.4 }, undefined, { code: 1, web: 3 })
  expect(phases(drive(config, among, 6, { evaluate: falling }))).toEqual([1, 1, 1, 1, 1, 3, 3])
})

it('says what it reads from evaluations', () => {
  const held = { loss: { domain: 'code', below: 2 } }
  const trained = { loss: { domain: 'code', below: 2, of: 'training' as const } }
  const score = { score: { task: 'gsm8k', above: 0.5 } }
  const reads = (one: object) => schedule.evaluations!(until(one))
  expect(reads({ any: [held, score] })).toEqual({ loss: true, scores: ['gsm8k'] })
  expect(reads({ all: [trained, { steps: 3 }] })).toEqual({})
})

it.each([
  [{}, 'phases[0].until: expected exactly one of steps, tokens, share, after, loss, score, used, any, all'],
  [{ after: {} }, 'phases[0].until.after: expected exactly one of steps, tokens, share, got none'],
  [
    { loss: { domain: 'cod', below: 1 } },
    'phases[0].until.loss.domain: expected a domain of code, web, got "cod"',
  ],
  [{ loss: { domain: 'code' } }, 'phases[0].until.loss: expected exactly one of below, above, got none'],
  [
    { any: [{ score: { task: 't', below: 1, above: 2 } }] },
    'phases[0].until.any[0].score: expected exactly one of below, above, got both',
  ],
  [{ all: [] }, 'phases[0].until.all: expected a list with at least 1 entries'],
  [{ used: { domain: 'code' } }, 'phases[0].until.used: expected steps, tokens or passes, got none'],
  [
    { used: { domain: 'code', passes: 1 } },
    'expected a domain that declares its tokens, but code declares none',
  ],
  [{ loss: { domain: 'code', below: 1, patience: 0 } }, 'patience: expected a whole number at least 1'],
  [
    { any: [{ any: [{ any: [{ steps: 1 }] }] }] },
    'phases[0].until.any[0].any[0].any: expected one of steps, tokens',
  ],
])('refuses %j', (condition, sentence) => {
  expect(problemsOf(until(condition), run)).toContainEqual(expect.stringContaining(sentence))
})
