import { describe, expect, it } from 'vitest'
import {
  aRun,
  annotated,
  applied,
  checkpoint,
  decisionsIn,
  domainsNamed,
  evaluation,
  finished,
  freeze,
  frozen,
  given,
  inLog,
  losses,
  metrics,
  override,
  refused,
  resumed,
  runId,
  stepOf,
  stepsOf,
  tell,
  thaw,
  typesIn,
} from '../../../test/support/facts.js'
import type { RunStarted } from '@mixdesk/contracts'
import { createReplay } from './replay.js'
import { openDesk } from './run-desk.js'

const rejected = (sentence: RegExp) => ({
  kind: 'rejected',
  because: expect.stringMatching(sentence) as string,
})
const ignored = (sentence: RegExp) => ({
  kind: 'ignored',
  because: expect.stringMatching(sentence) as string,
})

describe('a run begins', () => {
  it('with its first mixture, so that a trainer never has to guess', () => {
    const { effects } = given().when(aRun())
    expect(typesIn(effects)).toEqual(['RunStarted', 'MixtureDecided'])
    expect(effects.commands).toMatchObject([
      { version: 1, fromStep: 0, domains: ['web', 'code', 'books'], decidedAtStep: -1, lifecycle: 'train' },
    ])
  })
  it('with the declared mixture, moved into the floors and ceilings', () => {
    const domains = [
      { name: 'a', weight: 9 },
      { name: 'b', weight: 1 },
    ]
    const [first] = decisionsIn(given().when(aRun({ domains, guards: { floor: 0.25 } })).effects)
    expect(first).toMatchObject({
      weights: [0.75, 0.25],
      previous: [0.9, 0.1],
      guards: [{ guard: 'floorAndCeiling' }],
    })
  })
  it('is refused with every fault at once', () => {
    const { effects, desk } = given().when(aRun({ policy: { name: 'magic' }, guards: { floor: 0.5 } }))
    expect(typesIn(effects)).toEqual(['RunRefused'])
    expect(effects.rejections[0]!.because).toMatch(/no policy "magic".*floors add up to 1\.5/)
    expect(desk.state()!.status).toBe('refused')
  })
  it.each([
    ['an unknown policy', { policy: { name: 'magic' } }],
    ['a bad configuration', { policy: { name: 'odm', config: { smoothing: 7 } } }],
    ['impossible guards', { guards: { ceiling: 0.1 } }],
    ['a signal it says it won’t send', { policy: { name: 'doremi' }, signals: [] }],
  ])('and refused for %s takes nothing in, before and after a restart', (_, fields) => {
    const { desk } = given().when(aRun(fields))
    const restored = openDesk(runId, { state: desk.snapshot(), cursor: desk.cursor() })
    for (const one of [desk, restored]) {
      const { effects, ingested } = tell(
        inLog([losses(0), evaluation(0), freeze('1'), resumed(2, 0), finished(0)], 1),
        { desk: one },
      )
      expect(effects).toEqual({ events: [], commands: [], checkpoints: [], rejections: [] })
      expect(ingested[0]).toEqual(ignored(/over/))
    }
  })
  it('is refused at once when it says it won’t send what the policy needs', () => {
    const { effects } = given().when(aRun({ policy: { name: 'doremi' }, signals: ['refLossSum'] }))
    expect(effects.rejections[0]!.because).toMatch(
      /signals: doremi needs the signal clippedExcessSum, which the run doesn't declare; send it with every losses\.measured and declare it/,
    )
    const declared = { signals: ['clippedExcessSum'], evaluations: { loss: true } }
    expect(given().when(aRun({ policy: { name: 'doremi' }, ...declared })).effects.events[0]).toMatchObject({
      type: 'RunStarted',
      data: declared,
    })
  })
  it('is refused for a repetition cap on weights that multiply losses', () => {
    const domains = domainsNamed(2).map((domain) => ({ ...domain, tokens: 10 }))
    const guards = { repetitionCap: { epochs: 1 } }
    const { effects } = given().when(aRun({ domains, guards, policy: { name: 'doremi' } }))
    expect(effects.rejections[0]!.because).toMatch(/weights of doremi multiply losses and don't choose/)
  })
  it('a second time with the same settings is boring, with others is rejected', () => {
    expect(given(aRun()).when(aRun()).ingested).toEqual([ignored(/started already, with the same/)])
    expect(given(aRun()).when(aRun({ domains: domainsNamed(4) })).ingested).toEqual([
      rejected(/started already with other settings/),
    ])
  })
  it('must begin before anything else', () => {
    expect(given().when(losses(0)).ingested).toEqual([rejected(/has not started; send run\.started first/)])
    expect(() => openDesk(runId).snapshot()).toThrow(/nothing to save/)
  })
})

describe('losses', () => {
  it('lead to a decision at the cadence, once all ranks have reported', () => {
    const { effects, ingested } = given(aRun(), ...stepOf(0)).when(losses(1, 1), losses(1, 0))
    expect(ingested.map((one) => one.kind)).toEqual(['waiting', 'closed'])
    expect(decisionsIn(effects)).toMatchObject([
      {
        version: 2,
        step: 1,
        fromStep: 2,
        evidence: { fromStep: 0, toStep: 1, steps: 2, observations: 4, tokens: 1200 },
      },
    ])
  })
  it('close without a missing rank once a step `lateness` ahead is seen; what comes then is late, and again a repetition', () => {
    const { effects, ingested, desk } = given(aRun(), losses(0), losses(1), ...stepOf(2)).when(
      losses(4),
      losses(0, 1),
      losses(0, 1),
      losses(2, 1),
    )
    expect(ingested.map((one) => one.kind)).toEqual(['closed', 'ignored', 'ignored', 'ignored'])
    expect(desk.state()!.counts).toMatchObject({ late: 1, duplicate: 2 })
    expect(decisionsIn(effects)).toEqual([])
  })
  it.each([
    ['a rank that is not there', losses(0, 2), /rank 2 doesn't exist; the run has 2 ranks/],
    ['too few domains', losses(0, 0, { tokens: [1], lossSum: [1] }), /1 domains came, the run has 3/],
    [
      'an unknown domain',
      losses(0, 0, { domains: [3], tokens: [1], lossSum: [1] }),
      /no domain with index 3/,
    ],
    ['an attempt to come', losses(0, 0, { attempt: 2 }), /attempt 2 has not begun/],
    ['a step too far ahead', losses(1_000_002, 0), /more than 1000000 steps ahead of 0/],
  ])('are rejected for %s', (_, message, sentence) => {
    const { ingested, effects } = given(aRun(), losses(0, 1)).when(message)
    expect(ingested).toEqual([rejected(sentence)])
    expect(effects.events).toEqual([])
  })
  it('that are not finite leave their domain out, told for the first of consecutive steps', () => {
    const bad = (step: number) => [losses(step, 0), losses(step, 1, { lossSum: [null, 1, 1] })]
    const { effects } = given(aRun({ cadence: 10 })).when(...bad(0), ...bad(1), ...stepOf(2), ...bad(3))
    expect(
      effects.events.map(
        (event) => event.type === 'DomainQuarantined' && [event.data.step, event.data.domain],
      ),
    ).toEqual([
      [0, 'web'],
      [3, 'web'],
    ])
  })
  it('under a version never issued are counted and used', () => {
    const { desk } = given(aRun()).when(...stepsOf(0, 1, 2, { mixtureVersion: 9 }))
    expect(desk.state()!.counts['versionNeverIssued']).toBe(2)
    expect(desk.state()!.version).toBe(2)
  })
  it('are weighed by the mixture in force when they were sampled', () => {
    const policy = { name: 'odm', config: { variant: 'paper' } }
    const digests = [1, 2].map((mixtureVersion) => {
      const { effects } = given(aRun({ policy }), ...stepsOf(0, 1, 2, { mixtureVersion: 1 })).when(
        ...stepsOf(2, 5, 2, { mixtureVersion }),
      )
      return decisionsIn(effects)[0]!.stateDigest
    })
    expect(digests[0]).not.toBe(digests[1])
  })
})

describe('holds', () => {
  it('are written once a reason', () => {
    const { effects } = given(aRun({ policy: { name: 'uniform' }, cadence: 1 })).when(...stepsOf(0, 5))
    expect(typesIn(effects)).toEqual(['MixtureHeld'])
  })
  it('wait for the minimum of evidence', () => {
    const { effects } = given(aRun({ guards: { minimumEvidence: { steps: 4, tokens: 2400 } } })).when(
      ...stepsOf(0, 3),
    )
    expect(effects.events).toMatchObject([
      { type: 'MixtureHeld', data: { step: 1, guards: [{ guard: 'minimumEvidence' }] } },
      { type: 'MixtureDecided', data: { step: 3, evidence: { steps: 4, tokens: 2400 } } },
    ])
  })
  it('name the signal that the policy lacks', () => {
    const run = aRun({ policy: { name: 'doremi' } })
    const { effects } = given(run).when(...stepsOf(0, 1))
    expect(effects.events).toMatchObject([
      {
        type: 'MixtureHeld',
        data: { because: expect.stringMatching(/needs the signal clippedExcessSum/) as string },
      },
    ])
    const later = given(run).when(...stepsOf(0, 1, 2, { signals: { clippedExcessSum: [1, 2, 3] } }))
    expect(decisionsIn(later.effects)).toHaveLength(1)
  })
})

describe('people', () => {
  it('freeze and thaw: evidence goes on, decisions wait', () => {
    const { effects } = given(aRun()).when(freeze('1'), ...stepsOf(0, 5), thaw('2'), ...stepsOf(6, 7))
    expect(typesIn(effects)).toEqual(['MixtureFrozen', 'MixtureHeld', 'MixtureThawed', 'MixtureDecided'])
    expect(decisionsIn(effects)[0]!.evidence.steps).toBe(8)
  })
  it('override, and the run has that mixture until the policy decides again', () => {
    const { effects, desk } = given(aRun()).when(override('1', [0, 0.5, 0.5]))
    expect(typesIn(effects)).toEqual(['MixtureOverridden', 'MixtureDecided'])
    expect(decisionsIn(effects)[0]).toMatchObject({
      version: 2,
      weights: [0, 0.5, 0.5],
      because: { summary: 'Set by ada: more code' },
    })
    expect(desk.state()!.learning.weights).toEqual([0, 0.5, 0.5])
  })
  it.each([
    ['thaw what is not frozen', thaw('1'), /nothing to thaw/],
    ['override with too few weights', override('1', [1]), /3 domains, 1 weights came/],
    [
      'override with weights that are no mixture',
      override('1', [1, 1, 1]),
      /add up to 3; they must add up to 1/,
    ],
  ])('are told when they %s', (_, message, sentence) => {
    const { effects } = given(aRun()).when(message, message)
    expect(effects.events).toMatchObject([
      { type: 'RequestRefused', data: { problems: [expect.stringMatching(sentence)] } },
    ])
  })
  it('are told when they freeze twice, or ask anything of a run that is over', () => {
    expect(typesIn(given(aRun(), freeze('1')).when(freeze('2')).effects)).toEqual(['RequestRefused'])
    expect(typesIn(given(aRun(), finished(0)).when(override('2', [1, 0, 0])).effects)).toEqual([
      'RequestRefused',
    ])
  })
  it('annotate; changing nothing is ignored, and params do not grow without end', () => {
    const { effects } = given(aRun({ params: { a: 1 } })).when(
      annotated({ params: { b: 2 }, notes: 'n' }),
      annotated({ params: { b: 2 } }),
      annotated({ params: { c: 'x'.repeat(300_000) } }),
    )
    expect(effects.events).toMatchObject([
      { type: 'RunAnnotated', data: { params: { a: 1, b: 2 }, notes: 'n', tags: [] } },
    ])
    expect(effects.rejections).toMatchObject([
      { offset: 3, because: expect.stringMatching(/metrics\.logged/) as string },
    ])
  })
})

describe('acknowledgements', () => {
  it('are written once a rank', () => {
    const { effects, desk } = given(aRun()).when(
      applied(1, 0),
      applied(1, 0),
      applied(1, 1),
      applied(1, 1),
      refused(1),
      refused(1),
    )
    expect(typesIn(effects)).toEqual(['MixtureApplied', 'MixtureApplied', 'MixtureRefused'])
    expect(desk.state()!.counts).toMatchObject({
      duplicateAcknowledgement: 2,
      duplicateRefusal: 1,
      acknowledgements: 2,
    })
  })
  it('of what never was are rejected', () => {
    const { effects, ingested } = given(aRun()).when(
      applied(2),
      applied(1, 2),
      refused(7),
      applied(1, 0, { attempt: 3 }),
    )
    expect(effects.rejections.map((one) => one.because)).toEqual([
      expect.stringMatching(/version 2 was never issued; the newest is 1/),
      expect.stringMatching(/rank 2 doesn't exist/),
      expect.stringMatching(/version 7 was never issued/),
    ])
    expect(ingested[3]).toEqual(rejected(/attempt 3 has not begun/))
  })
  const guards = { acknowledgeWithin: 5 }
  it('that stay away expire the mixture in steps of the run; it is sent again, once', () => {
    const { effects } = given(
      aRun({ policy: { name: 'uniform' }, guards, cadence: 100 }),
      applied(1, 0),
    ).when(...stepsOf(0, 30))
    expect(effects.events).toMatchObject([
      { type: 'MixtureExpired', data: { version: 1, step: 5, missingRanks: 1 } },
    ])
    expect(effects.commands).toMatchObject([{ version: 1 }])
  })
  it('that stay away are noticed although newer mixtures come faster than they expire, ever more rarely', () => {
    const { effects } = given(aRun({ guards })).when(...stepsOf(0, 60))
    const expired = effects.events.flatMap((event) =>
      event.type === 'MixtureExpired' ? [event.data.step] : [],
    )
    expect(expired).toEqual([5, 16, 38])
  })
  it('by every rank leave nothing to expire', () => {
    const { effects } = given(aRun({ policy: { name: 'uniform' }, guards })).when(
      applied(1, 0),
      applied(1, 1),
      ...stepsOf(0, 30),
    )
    expect(typesIn(effects)).toEqual(['MixtureApplied', 'MixtureApplied', 'MixtureHeld'])
  })
})

describe('a run ends', () => {
  it('folding its last steps without deciding', () => {
    const { effects, desk } = given(aRun(), ...stepOf(0), losses(1)).when(finished(1))
    expect(typesIn(effects)).toEqual(['RunFinished'])
    expect(desk.state()).toMatchObject({ status: 'completed', learning: { step: 1 } })
  })
  it('and takes nothing more in', () => {
    const { effects, ingested } = given(aRun(), finished(0)).when(losses(1), finished(1), metrics(1))
    expect(effects.events).toEqual([])
    expect(ingested.map((one) => one.kind)).toEqual(['ignored', 'ignored', 'waiting'])
  })
  it('not by an attempt that is over', () => {
    expect(given(aRun(), resumed(2, 3)).when(finished(0)).ingested).toEqual([ignored(/Attempt 1 is over/)])
  })
})

describe('a run resumes', () => {
  const policy = { name: 'odm', config: { variant: 'paper' } }
  // A trainer applies a mixture some steps after it was decided, and goes on with what its checkpoint had. The second
  // attempt gets versions 7 and later of an uninterrupted run four higher: 7 to 9 were spent, 10 says the resume.
  const version = (step: number, attempt: number) => {
    const uninterrupted = Math.max(1, Math.floor(step / 2) - 1)
    return attempt === 1 || uninterrupted < 7 ? uninterrupted : uninterrupted + 4
  }
  const steps = (first: number, last: number, attempt = 1) =>
    Array.from({ length: last - first + 1 }, (_, i) =>
      stepOf(first + i, 2, { attempt, mixtureVersion: version(first + i, attempt) }),
    ).flat()
  const decided = (facts: Parameters<typeof inLog>[0]) => decisionsIn(tell(inLog(facts)).effects)
  const essence = ({
    weights,
    proposed,
    previous,
    step,
    evidence,
    stateDigest,
    because,
    guards,
  }: ReturnType<typeof decisionsIn>[number]) => ({
    weights,
    proposed,
    previous,
    step,
    evidence,
    stateDigest,
    because,
    guards,
  })

  it('from a checkpoint and decides as if nothing had happened', () => {
    const whole = decided([aRun({ policy }), ...steps(0, 21)])
    const broken = decided([
      aRun({ policy }),
      ...steps(0, 12),
      checkpoint(12),
      ...steps(13, 17),
      resumed(2, 12),
      ...steps(13, 21, 2),
    ])
    const second = broken.filter((one) => one.attempt === 2)
    expect(second[0]).toMatchObject({
      step: 12,
      because: { summary: 'Attempt 2 goes on from step 12 with the mixture of that step.' },
    })
    expect(second.slice(1).map(essence)).toEqual(whole.filter((one) => one.step > 12).map(essence))
  })
  it('from before its first step: nothing of before counts, and it decides as a run that has just begun', () => {
    const settings = {
      policy,
      domains: domainsNamed(3).map((domain, i) => ({ ...domain, weight: i + 1, tokens: 3000 })),
      guards: { repetitionCap: { epochs: 1 }, ceiling: 0.45 },
    }
    const begin = (attempt: number) => [evaluation(0, { attempt }), ...stepsOf(0, 9, 2, { attempt })]
    const whole = decided([aRun(settings), ...begin(1)])
    const stopped = [
      evaluation(0),
      checkpoint(2),
      ...stepsOf(0, 6, 2, { lossSum: [900, 100, 500] }),
      override('o', [0.2, 0.4, 0.4]),
    ]
    // It died before a step had closed, and after some had; its mixture is bent at the start, and was set by hand later.
    for (const before of [[], stopped.slice(0, 1), stopped.slice(0, 3), stopped]) {
      const { desk } = tell(inLog([aRun(settings), ...before]))
      const { version } = desk.state()!
      desk.ingest({ ...resumed(2, -1), offset: 100 })
      const { effects, needs } = desk.advance()
      expect(needs).toBeUndefined()
      expect(effects.events).toMatchObject([
        { type: 'RunResumed', data: { attempt: 2, fromStep: -1 } },
        {
          type: 'MixtureDecided',
          data: {
            ...{ attempt: 2, version: version + 1, step: -1, fromStep: 0, weights: whole[0]!.weights },
            because: { summary: 'Attempt 2 begins again, with the mixture that the run began with.' },
          },
        },
      ])
      expect(desk.state()!.learning).toMatchObject({ step: -1, tokensRead: [0, 0, 0] })
      const restored = openDesk(runId, { state: desk.snapshot(), cursor: desk.cursor() })
      const again = decisionsIn(tell(inLog(begin(2), 200), { desk: restored }).effects)
      expect(again.map(essence)).toEqual(whole.slice(1).map(essence))
    }
  })
  it('from before its first step, and again from there, and from a checkpoint of the second life', () => {
    const facts = [
      ...[aRun({ policy }), ...stepsOf(0, 3), checkpoint(3), resumed(2, -1), resumed(3, -1)],
      ...[...stepsOf(0, 3, 2, { attempt: 3 }), checkpoint(3, { attempt: 3 })],
      ...[...stepsOf(4, 6, 2, { attempt: 3, lossSum: [900, 100, 500] }), resumed(4, 3)],
      ...stepsOf(4, 9, 2, { attempt: 4 }),
    ]
    const { desk, effects } = tell(inLog(facts))
    expect(desk.state()!.attempts).toEqual([
      { attempt: 3, fromStep: -1 },
      { attempt: 4, fromStep: 3 },
    ])
    const whole = decided([aRun({ policy }), ...stepsOf(0, 9)])
    const last = decisionsIn(effects).filter((one) => one.attempt === 4)
    expect(last.slice(1).map(essence)).toEqual(whole.filter((one) => one.step > 3).map(essence))
  })
  it('asking for what it had learned when no checkpoint holds it', () => {
    const { desk } = given(aRun(), ...stepsOf(0, 5)).when()
    desk.ingest({ ...resumed(2, 3), offset: 100 })
    const { needs, effects } = desk.advance()
    expect(needs).toEqual({ run: runId, step: 3, beforeAttempt: 2, sinceAttempt: 1 })
    expect(effects.events).toEqual([])
    expect(() => desk.snapshot()).toThrow(/1 entries to fold/)
    desk.provide({ ...desk.state()!.learning })
    expect(() => desk.advance()).toThrow(/resumes from step 3.*is of step 5/)
  })
  it('with what it had read of each domain by then', () => {
    const domains = domainsNamed(3).map((domain) => ({ ...domain, tokens: 800 }))
    const run = aRun({ domains, guards: { repetitionCap: { epochs: 1 } }, policy: { name: 'static' } })
    const { desk } = tell(inLog([run, ...stepsOf(0, 2), checkpoint(2), ...stepsOf(3, 3), resumed(2, 2)]))
    expect(desk.state()!.learning.tokensRead).toEqual([600, 600, 600])
    const restored = openDesk(runId, { state: desk.snapshot(), cursor: desk.cursor() })
    const { effects } = tell(inLog(stepsOf(3, 4, 2, { attempt: 2 }), 100), { desk: restored })
    expect(restored.state()!.learning.tokensRead).toEqual([1000, 1000, 1000])
    expect(effects.events).toMatchObject([
      { type: 'MixtureHeld', data: { guards: [{ guard: 'repetitionCap' }] } },
    ])
  })
  it('with the controls of that step, which the first command carries again; by the first rules, without', () => {
    // ODM says the share of exploration, which falls from decision to decision.
    const facts = [aRun(), ...stepsOf(0, 3), checkpoint(3), ...stepsOf(4, 9)]
    const resume = (rules?: number) => {
      const told = tell(inLog(facts), {
        desk: openDesk(runId, undefined, rules === undefined ? {} : { rules }),
      })
      const { commands, checkpoints } = told.effects
      const { controls } = commands.findLast((command) => command.fromStep <= 4)!
      expect(commands.at(-1)!.controls).not.toEqual(controls)
      told.desk.ingest({ ...resumed(2, 3), offset: 100 })
      told.desk.advance()
      told.desk.provide(checkpoints[0]!.learning)
      return { controls, again: told.desk.advance().effects.commands }
    }
    const { controls, again } = resume()
    expect(controls).toBeDefined()
    expect(again).toMatchObject([{ attempt: 2, fromStep: 4, controls }])
    expect(resume(1).again[0]).not.toHaveProperty('controls')
  })
  it('needing nothing when it goes on from where it stopped', () => {
    const { effects, desk } = given(aRun(), ...stepsOf(0, 3), finished(3, { status: 'failed' })).when(
      resumed(2, 3, { ranks: 1 }),
      losses(4, 0, { attempt: 2 }),
      losses(5, 0, { attempt: 2 }),
    )
    expect(typesIn(effects)).toEqual(['RunResumed', 'MixtureDecided', 'MixtureDecided'])
    expect(desk.state()).toMatchObject({ status: 'running', attempt: 2, ranks: 1, learning: { step: 5 } })
  })
  it('once: what the old attempt still says is ignored, and so are its steps before the resume', () => {
    const { ingested } = given(aRun(), ...stepsOf(0, 3)).when(
      resumed(2, 3),
      resumed(2, 3),
      losses(4),
      losses(3, 0, { attempt: 2 }),
      checkpoint(3),
      evaluation(3),
      applied(1),
    )
    expect(ingested).toEqual([
      { kind: 'closed' },
      ignored(/has begun already/),
      ignored(/Attempt 1 is over/),
      ignored(/before the step resumed from/),
      ignored(/is over/),
      ignored(/is over/),
      ignored(/is over/),
    ])
  })
  it('says which checkpoints are of steps that were lived again', () => {
    const { desk } = tell(
      inLog([aRun(), ...stepsOf(0, 8), checkpoint(8), checkpoint(4), ...stepsOf(9, 10)]),
      {},
    )
    const earlier = structuredClone(desk.state()!.learning)
    desk.ingest({ ...resumed(2, 2), offset: 900 })
    desk.provide({ ...earlier, step: 2 })
    desk.advance()
    const again = tell(inLog(stepsOf(3, 9, 2, { attempt: 2 }), 1000), { desk })
    again.desk.ingest({ ...resumed(3, 8), offset: 2000 })
    expect(again.desk.advance().needs).toMatchObject({ step: 8, sinceAttempt: 2 })
  })
})

describe('who opened an attempt', () => {
  const withId = (fact: ReturnType<typeof aRun>, offset: number, id?: string) => ({
    ...fact,
    offset,
    ...(id === undefined ? {} : { id }),
  })
  const openedBy = ({ effects }: { effects: ReturnType<typeof tell>['effects'] }) =>
    effects.commands.map((command) => command.openedBy)

  it('is said in its facts and with every command, sent again or after a restart too', () => {
    const { desk, effects } = tell([withId(aRun({ guards: { acknowledgeWithin: 1 } }), 0, 'mine')])
    expect(effects.events[0]).toMatchObject({ type: 'RunStarted', data: { openedBy: 'mine' } })
    expect(openedBy({ effects })).toEqual(['mine'])
    const restored = openDesk(runId, { state: desk.snapshot(), cursor: desk.cursor() })
    const went = tell(inLog(stepsOf(0, 5), 1), { desk: restored })
    expect(typesIn(went.effects)).toContain('MixtureExpired')
    expect(went.effects.commands.length).toBeGreaterThan(2)
    expect(new Set(openedBy(went))).toEqual(new Set(['mine']))
    const resume = tell([withId(resumed(2, 5), 100, 'ours')], { desk: restored })
    expect(resume.effects.events[0]).toMatchObject({ type: 'RunResumed', data: { openedBy: 'ours' } })
    expect(openedBy(resume)).toEqual(['ours'])
  })
  it('is not said where that event had no id, or the snapshot is of before ids were kept', () => {
    const { desk, effects } = tell([withId(aRun(), 0, 'mine'), ...inLog(stepsOf(0, 3), 1)])
    expect(openedBy(tell([withId(resumed(2, 3), 9)], { desk }))).toEqual([undefined])
    expect(openedBy(tell(inLog([aRun()])))).toEqual([undefined])
    const {
      openedBy: _,
      seen,
      ...state
    } = JSON.parse(tell([withId(aRun(), 0, 'mine')]).desk.snapshot()) as {
      openedBy: string
      seen: { openings?: unknown }
      lastCommand: { openedBy?: string }
    }
    delete seen.openings
    delete state.lastCommand.openedBy
    const restored = openDesk(runId, { state: JSON.stringify({ ...state, seen }), cursor: 1 })
    const went = tell([withId(aRun(), 1, 'mine'), withId(aRun(), 2, 'theirs'), ...inLog(stepsOf(0, 3), 3)], {
      desk: restored,
    })
    // Nobody can tell a repetition from somebody else's any more: as before, both are repetitions.
    expect(went.desk.state()!.counts).toMatchObject({ duplicateStart: 2 })
    expect(decisionsIn(went.effects)).toEqual(decisionsIn(effects).slice(1))
    expect(new Set(openedBy(went))).toEqual(new Set([undefined]))
  })
  it('stays, when somebody else starts or resumes it again: told once for each id, and nothing else changes', () => {
    const begun = [withId(aRun(), 0, 'mine'), ...inLog(stepsOf(0, 3), 1)]
    const intruders = [
      withId(aRun(), 20, 'mine'),
      withId(aRun(), 21, 'theirs'),
      withId(aRun(), 22, 'theirs'),
      withId(aRun({ domains: domainsNamed(4) }), 23, 'others'),
      withId(aRun({ domains: domainsNamed(4) }), 24, 'others'),
    ]
    const { effects, ingested, desk } = tell(intruders, { desk: tell(begun).desk })
    expect(effects.events).toMatchObject([
      {
        type: 'OpeningRefused',
        data: { message: 'run.started', id: 'theirs', openedBy: 'mine', asked: 1, step: 3 },
      },
      {
        type: 'OpeningRefused',
        data: { id: 'others', because: expect.stringMatching(/other settings/) as string },
      },
    ])
    expect(effects.commands).toEqual([])
    // Other settings are for the dead letters: the first time once folded, then at once.
    expect(effects.rejections).toMatchObject([{ offset: 23 }])
    expect(ingested.map((one) => one.kind)).toEqual(['ignored', 'closed', 'ignored', 'closed', 'rejected'])
    expect(desk.state()!.counts).toMatchObject({ duplicateStart: 2, refusedStart: 2 })

    const again = [
      withId(resumed(2, 3), 30, 'ours'),
      withId(resumed(2, 3), 31, 'ours'),
      withId(resumed(2, 1), 32, 'twice'),
      withId(resumed(3, 3), 33, 'next'),
      withId(resumed(2, 3), 34, 'late'),
      withId(resumed(2, 3), 35, 'ours'),
    ]
    const second = tell(again, { desk })
    expect(typesIn(second.effects)).toEqual([
      ...['RunResumed', 'MixtureDecided', 'OpeningRefused', 'RunResumed', 'MixtureDecided', 'OpeningRefused'],
    ])
    expect(openedBy(second)).toEqual(['ours', 'next'])
    expect(second.effects.events[5]).toMatchObject({
      data: {
        attempt: 3,
        asked: 2,
        id: 'late',
        openedBy: 'next',
        because: expect.stringMatching(/run is in attempt 3/) as string,
      },
    })
    expect(desk.state()!.counts).toMatchObject({ duplicateResume: 2, refusedResume: 2 })

    const plain = tell([...begun, ...inLog(stepsOf(4, 9), 40)])
    const disturbed = tell([...begun, ...intruders, ...inLog(stepsOf(4, 9), 40)])
    expect(decisionsIn(disturbed.effects)).toEqual(decisionsIn(plain.effects))
    expect(disturbed.effects.commands).toEqual(plain.effects.commands)
  })
  it('alone may end it, where the end says whose it is', () => {
    const end = (id?: string, attempt = 1) =>
      finished(3, { attempt, ...(id === undefined ? {} : { openedBy: id }) })
    const { desk, ingested } = tell([
      withId(aRun(), 0, 'mine'),
      ...inLog([...stepsOf(0, 3), end('theirs')], 1),
      withId(resumed(2, 3), 20, 'ours'),
      ...inLog([end('mine', 2)], 21),
    ])
    expect([ingested[9], ingested.at(-1)]).toEqual([
      ignored(/opened by somebody else/),
      ignored(/opened by somebody else/),
    ])
    expect(desk.state()).toMatchObject({ status: 'running', counts: { refusedFinish: 2 } })
    expect(tell(inLog([end('ours', 2)], 30), { desk }).desk.state()!.status).toBe('completed')
    const unsaid = tell([withId(aRun(), 0, 'mine'), ...inLog([end()], 1)])
    expect(unsaid.desk.state()!.status).toBe('completed')
    const unknown = tell([withId(aRun(), 0), ...inLog([end('mine')], 1)])
    expect(unknown.desk.state()!.status).toBe('completed')
  })
  it('is found again by a replay, which is told of the start by the ledger', () => {
    const messages = [
      withId(aRun(), 0, 'mine'),
      ...inLog([...stepsOf(0, 3), finished(3, { openedBy: 'theirs' }), ...stepsOf(4, 7)], 1),
    ]
    const recorded = decisionsIn(tell(messages).effects)
    expect(recorded.at(-1)!.step).toBe(7)
    const proof = (options: { openedBy?: string }) => {
      const replay = createReplay(aRunData, { kind: 'same' }, recorded, options)
      for (const message of messages) replay.take(message)
      return replay.finish()
    }
    const aRunData = messages[0]!.data as RunStarted
    expect(proof({ openedBy: 'mine' })).toMatchObject({ identical: true })
    expect(proof({})).toMatchObject({ identical: false })
  })
})

describe('the desk', () => {
  it('leaves what it was given untouched', () => {
    const facts = [
      aRun({ params: { a: 1 } }),
      ...stepsOf(0, 3),
      evaluation(1),
      annotated({ tags: ['t'] }),
      override('1', [1, 0, 0]),
      checkpoint(3),
      ...stepsOf(4, 6),
      resumed(2, 3),
      finished(3, { attempt: 2 }),
    ]
    expect(() => tell(frozen(inLog(facts)))).not.toThrow()
  })
  it('is covered for messages before its cursor', () => {
    const { desk } = tell(inLog([aRun(), ...stepsOf(0, 3)]))
    const restored = openDesk(runId, { state: desk.snapshot(), cursor: desk.cursor() })
    const before = restored.snapshot()
    expect(
      tell(inLog([aRun(), ...stepsOf(0, 3)]), { desk: restored }).ingested.every(
        (one) => one.kind === 'covered',
      ),
    ).toBe(true)
    expect(restored.snapshot()).toBe(before)
  })
  it('goes on from a snapshot of before there were as many guard rails', () => {
    const { desk } = tell(inLog([aRun({ guards: { floor: 0.1, largestChange: 0.2 } }), ...stepsOf(0, 3)]))
    const saved = desk.snapshot()
    expect(saved).not.toMatch(/tokensRead|lowestEntropy|repetitionCap|ByDomain|"signals":|"evaluations":\{/)
    const restored = openDesk(runId, { state: saved, cursor: desk.cursor() })
    const { effects } = tell(inLog(stepsOf(4, 5), desk.cursor()), { desk: restored })
    expect(decisionsIn(effects)).toHaveLength(1)
  })
  it('refuses to go on with another formula than the run began with', () => {
    const { desk } = tell(inLog([aRun()]))
    const saved = desk.snapshot().replace('"name":"odm","version":1', '"name":"odm","version":2')
    expect(() => openDesk(runId, { state: saved, cursor: 1 })).toThrow(
      /version 2 of odm, but version 1 is here/,
    )
    expect(() =>
      openDesk(runId, { state: saved.replace('"name":"odm"', '"name":"gone"'), cursor: 1 }),
    ).toThrow(/"gone", which is not here/)
  })
  it('does not grow with the length of the run', () => {
    const domains = domainsNamed(24)
    const told = tell(inLog([aRun({ domains, ranks: 1, cadence: 1 })]))
    const feed = (first: number, last: number) => {
      const facts = Array.from({ length: last - first }, (_, i) => first + i).flatMap((step) => [
        losses(step, 0, {
          lossSum: domains.map((_, k) => 200 + ((step * 7 + k * 13) % 11)),
          tokens: domains.map(() => 100),
          signals: { [`s${step}`]: domains.map(() => 1) },
        }),
        evaluation(step, { loss: domains.map(() => step) }),
        checkpoint(step + 1_000_000),
        freeze(`f${step}`),
        thaw(`t${step}`),
        refused(step),
        metrics(step),
      ])
      tell(inLog(facts, told.desk.cursor()), { desk: told.desk })
      return told.desk.snapshot().length
    }
    const early = feed(0, 300)
    expect(feed(300, 1500)).toBeLessThan(early * 1.1)
    expect(early).toBeLessThan(80_000)
  })
})
