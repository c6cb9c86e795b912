import { describe, expect, it } from 'vitest'
import type { RunStarted, TrainerEvent } from '@mixdesk/contracts'
import {
  aRun,
  applied,
  decisionsIn,
  freeze,
  inLog,
  override,
  resumed,
  stepsOf,
  tell,
  thaw,
} from '../../../test/support/facts.js'
import { compareDecisions } from './compare-decisions.js'
import { createRefold, refoldLearning } from './refold.js'
import { createReplay, offPolicyWarning } from './replay.js'

const startOf = (facts: readonly TrainerEvent[]) => facts[0]!.data as RunStarted
const paper = { name: 'odm', config: { variant: 'paper' } }
const history = [
  aRun({ policy: paper }),
  ...stepsOf(0, 5),
  applied(1),
  override('1', [0.2, 0.2, 0.6]),
  ...stepsOf(6, 11, 2, { mixtureVersion: 4 }),
  freeze('2'),
  ...stepsOf(12, 15),
  thaw('3'),
  ...stepsOf(16, 19),
]
const recorded = decisionsIn(tell(inLog(history)).effects)

function replayed(choice: Parameters<typeof createReplay>[1], facts: readonly TrainerEvent[] = history) {
  const replay = createReplay(startOf(facts), choice, recorded)
  for (const message of inLog(facts)) replay.take(message)
  return { replay, report: replay.finish() }
}

describe('replaying the same policy', () => {
  it('gives the same decisions, and equal certificates', () => {
    const { report } = replayed({ kind: 'same' })
    expect(report).toMatchObject({
      kind: 'same',
      identical: true,
      compared: recorded.length,
      messages: history.length,
    })
    expect(report.kind === 'same' && report.digest.recorded === report.digest.replayed).toBe(true)
  })
  it('needs no run.started among the messages', () => {
    const replay = createReplay(startOf(history), { kind: 'same' }, recorded)
    for (const message of inLog(history.slice(1), 1)) replay.take(message)
    expect(replay.finish()).toMatchObject({ identical: true })
  })
  it('finds and names the first difference', () => {
    const untrue = recorded.map((one, i) =>
      i === 2 ? { ...one, evidence: { ...one.evidence, digest: 'ff' } } : one,
    )
    expect(compareDecisions(recorded, untrue)).toMatchObject({
      identical: false,
      firstDifference: expect.stringMatching(
        /^Version 3, decided at step \d+, differs in evidence\.digest: "[0-9a-f]{32}" was recorded, "ff" replayed\.$/,
      ) as string,
    })
    const { digest } = compareDecisions(recorded, untrue)
    expect(digest.recorded).not.toBe(digest.replayed)
    expect(compareDecisions(recorded, recorded.slice(0, -1)).firstDifference).toMatch(
      /was recorded but not replayed/,
    )
    expect(compareDecisions([], recorded).firstDifference).toMatch(
      /Version 1, decided at step -1, was replayed but not recorded/,
    )
  })
  it('certifies whatever the order of keys', () => {
    const turned = recorded.map((one) => Object.fromEntries(Object.entries(one).reverse()) as typeof one)
    expect(compareDecisions(recorded, turned).identical).toBe(true)
  })
})

describe('replaying another policy', () => {
  it('with the run’s own settings makes the run’s own decisions', () => {
    const { replay, report } = replayed({ kind: 'other', policy: 'odm', config: paper.config })
    expect(replay.decisions().map((one) => one.weights)).toEqual(recorded.map((one) => one.weights))
    expect(report).toMatchObject({ meanTotalVariation: 0 })
  })
  it('puts both side by side, and says what it cannot know', () => {
    const { report } = replayed({ kind: 'other', policy: 'uniform' })
    if (report.kind !== 'other') throw new Error('another policy was asked for')
    expect(report.offPolicyWarning).toBe(offPolicyWarning)
    expect(report.steps.map((one) => one.step)).toEqual([...new Set([...recorded.map((one) => one.step)])])
    const overridden = report.steps.find((one) => one.recordedVersion === 4)!
    expect(overridden).toMatchObject({ recorded: [0.2, 0.2, 0.6], other: [0.2, 0.2, 0.6], totalVariation: 0 })
    for (const one of report.steps) {
      expect(one.totalVariation).toBeGreaterThanOrEqual(0)
      expect(one.effectiveSampleShare).toBeGreaterThan(0)
      expect(one.effectiveSampleShare).toBeLessThanOrEqual(1 + 1e-12)
    }
  })
  it('says where the other policy held, and why: it is never silently what the run began with', () => {
    const { report } = replayed({ kind: 'other', policy: 'sec' })
    if (report.kind !== 'other') throw new Error('another policy was asked for')
    expect(report.holds[0]?.because).toMatch(
      /^sec needs the signal absAdvantageSum, rollouts, which no step has carried/,
    )
  })
  it('weighs losses by the recorded mixtures, not by its own', () => {
    // The overridden mixture was in force from step 6 on; without the lookup, other guards would change importance weights.
    const plain = replayed({ kind: 'other', policy: 'odm', config: paper.config, cadence: 2 }).replay
    const guarded = replayed({
      kind: 'other',
      policy: 'odm',
      config: paper.config,
      guards: { ceiling: 0.4 },
    }).replay
    expect(guarded.decisions().at(-1)!.proposed).toEqual(plain.decisions().at(-1)!.proposed)
  })
  it('is refused with sentences when it cannot be', () => {
    const { replay, report } = replayed({ kind: 'other', policy: 'magic' })
    expect(replay.problems).toEqual([expect.stringMatching(/no policy "magic"/)])
    expect(report).toMatchObject({ steps: [], meanTotalVariation: null })
    expect(replay.decisions()).toEqual([])
  })
})

describe('resumes in a replay', () => {
  const again = [...history, resumed(2, 2), ...stepsOf(3, 9, 2, { attempt: 2 })]
  it('go back to what the log says was learned', () => {
    const messages = inLog(again)
    const { effects } = tell(messages, {
      fetch: ({ step, beforeAttempt }) => refoldLearning(messages, step, beforeAttempt),
    })
    const replay = createReplay(startOf(again), { kind: 'same' }, decisionsIn(effects), { resumes: [2] })
    for (const message of messages) replay.take(message)
    expect(replay.finish()).toMatchObject({ identical: true })
  })
  it('from further back than is remembered are refused unless announced', () => {
    const long = [aRun({ ranks: 1, cadence: 1000 }), ...stepsOf(0, 9000, 1), resumed(2, 3)]
    const fold = (resumes?: number[]) => {
      const refold = createRefold('run-1', resumes)
      for (const message of inLog(long)) refold.take(message)
      return refold.desk.state()!.learning.step
    }
    expect(() => fold()).toThrow(/resumes from step 3, more than 4096 steps back/)
    expect(fold([3])).toBe(3)
  })
  it('have nothing to learn from a step that was not passed', () => {
    expect(refoldLearning(inLog(history), 19, 2)).toBeUndefined()
    expect(refoldLearning([], 19, 2)).toBeUndefined()
  })
})
