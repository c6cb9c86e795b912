import { expect, it } from 'vitest'
import { block, decided, rowsOf, start, twoDomains, type AnalyticsUnderTest } from './analytics.builders.js'

export function viewsContract({ analytics }: AnalyticsUnderTest): void {
  const ask = async (text: string) => (await analytics().sql(text)).rows

  it('losses and all_losses name domains, merge ranks, count what was not finite, and follow the chain', async () => {
    const { observation, fact } = rowsOf('views')
    const ledger = [
      fact(1, 'RunStarted', { ...start, domains: twoDomains }),
      fact(2, 'RunResumed', { attempt: 2, fromStep: 0, ranks: 2 }),
    ]
    const observations = [
      observation(0, { step: 0, lossSum: [20, null] }),
      observation(1, { step: 0, rank: 1, domains: [1], tokens: [4], lossSum: [6], sequences: [3] }),
      observation(2, { step: 1 }),
      observation(3, { step: 1, attempt: 2, tokens: [5, 5], lossSum: [5, 10], sequences: [] }),
    ]
    await analytics().write(block({ observations, ledger }))
    expect(
      await ask(
        `SELECT attempt, step, domain, loss, tokens, sequences, ranks, not_finite FROM losses WHERE run = 'views' ORDER BY step, domain`,
      ),
    ).toEqual([
      [1, 0, 'code', 1.5, 4, 3, 1, 1],
      [1, 0, 'web', 2, 10, 1, 1, 0],
      [2, 1, 'code', 2, 5, 0, 1, 0],
      [2, 1, 'web', 1, 5, 0, 1, 0],
    ])
    expect(
      await ask(
        `SELECT attempt, step, domain, current FROM all_losses WHERE run = 'views' AND domain = 'web' ORDER BY attempt, step`,
      ),
    ).toEqual([
      [1, 0, 'web', 1],
      [1, 1, 'web', 0],
      [2, 1, 'web', 1],
    ])
  })

  it('runs folds the facts, the latest winning, and finishes only when the end is the last word', async () => {
    const { fact } = rowsOf('folded')
    const started = fact(1, 'RunStarted', { ...start, domains: twoDomains, parent: 'older' })
    const seen = `SELECT status, domains, weights, policy, policy_version, ranks, params, tags, notes, parent, attempts, finished_at, last_step FROM runs WHERE run = 'folded'`
    await analytics().write(
      block({
        ledger: [fact(2, 'RunFinished', { step: 9, status: 'failed', because: 'It broke.' }), started],
      }),
    )
    expect(await ask(seen)).toEqual([
      [
        'failed',
        ['web', 'code'],
        [0.5, 0.5],
        'odm',
        2,
        2,
        '{"seed":1}',
        ['a', "it's"],
        'first',
        'older',
        1,
        '2026-01-02 03:04:05.678',
        9,
      ],
    ])
    const later = [
      fact(3, 'RunResumed', { attempt: 2, fromStep: 5, ranks: 4 }),
      fact(4, 'RunAnnotated', { attempt: 2, params: { seed: 2 }, tags: [], notes: 'half a \ud83d pair' }),
    ]
    await analytics().write(block({ ledger: [...later, started] }))
    expect(await ask(seen)).toEqual([
      [
        'running',
        ['web', 'code'],
        [0.5, 0.5],
        'odm',
        2,
        4,
        '{"seed":2}',
        [],
        'half a \ufffd pair',
        'older',
        2,
        null,
        null,
      ],
    ])
    expect(
      await ask(
        `SELECT attempt, from_step, last_step > 1000000000000 FROM attempts WHERE run = 'folded' ORDER BY attempt`,
      ),
    ).toEqual([
      [1, -1, 0],
      [2, 5, 1],
    ])
  })

  it('decisions has a row a domain, with the parts of the change; holds and applied say the rest', async () => {
    const { fact } = rowsOf('deciding')
    const held = {
      step: 20,
      version: 1,
      because: 'Too little evidence.',
      guards: [{ guard: 'minimumEvidence' as const, because: '3 of 10 steps.' }],
      policy: start.policy,
    }
    const ledger = [
      fact(1, 'RunStarted', { ...start, domains: twoDomains }),
      fact(2, 'MixtureDecided', decided(1, 9, 11, [0.3, 0.7])),
      fact(3, 'MixtureApplied', { version: 1, step: 12, rank: 1 }),
      fact(4, 'MixtureHeld', held),
      fact(5, 'MixtureFrozen', { step: 21, requestId: 'r', by: 'me', because: '' }),
    ]
    await analytics().write(block({ ledger }))
    await analytics().write(block({ ledger: ledger.slice(1) }))
    expect(
      await ask(
        `SELECT version, from_step, domain, weight, proposed, previous, parts, because, guards, evidence_tokens, decision_id FROM decisions WHERE run = 'deciding' ORDER BY domain`,
      ),
    ).toEqual([
      [1, 11, 'code', 0.7, 0.9, 0.5, { excessLoss: 0.4 }, 'Code learns faster.', ['largestChange'], 60, 'd1'],
      [1, 11, 'web', 0.3, 0.1, 0.5, { excessLoss: -0.4 }, 'Code learns faster.', ['largestChange'], 60, 'd1'],
    ])
    expect(await ask(`SELECT step, because, guards, policy FROM holds WHERE run = 'deciding'`)).toEqual([
      [20, 'Too little evidence.', ['minimumEvidence'], 'odm'],
    ])
    expect(await ask(`SELECT version, step, rank FROM applied WHERE run = 'deciding'`)).toEqual([[1, 12, 1]])
  })

  it('mixtures sets requested, effective and realised side by side', async () => {
    const { observation, fact } = rowsOf('mixing')
    const ledger = [
      fact(1, 'RunStarted', { ...start, domains: twoDomains }),
      fact(2, 'MixtureDecided', decided(1, 0, 1, [0.25, 0.75])),
      fact(3, 'MixtureApplied', { version: 1, step: 2, rank: 0 }),
      fact(4, 'MixtureApplied', { version: 1, step: 3, rank: 1 }),
      // Wanted at step 6, but overtaken by the next, which begins at step 4.
      fact(5, 'MixtureDecided', decided(2, 2, 6, [0.9, 0.1])),
      fact(6, 'MixtureDecided', decided(3, 3, 4, [1, 0])),
    ]
    const observations = [0, 1, 2, 3, 4, 6].map((step) =>
      observation(step, { step, domains: [0, 1], tokens: step === 4 ? [8, 0] : [5, 15], lossSum: [1, null] }),
    )
    await analytics().write(block({ observations, ledger }))
    const rows = await ask(
      `SELECT step, requested, requested_version, effective, effective_version, realised FROM mixtures WHERE run = 'mixing' AND domain = 'web' ORDER BY step`,
    )
    expect(rows).toEqual([
      [0, 0.5, 0, 0.5, 0, 0.25],
      [1, 0.25, 1, 0.5, 0, 0.25],
      [2, 0.25, 1, 0.5, 0, 0.25],
      [3, 0.25, 1, 0.25, 1, 0.25],
      [4, 1, 3, 0.25, 1, 1],
      [6, 1, 3, 0.25, 1, 0.25],
    ])
  })

  it('evaluations, scores, metrics and dead letters have a row a thing, once', async () => {
    const { fact } = rowsOf('measuring')
    const place = { partition: 1, time: 1_700_000_000_123 }
    const identity = { ...place, project: 'p', run: 'measuring', attempt: 1, step: 7 }
    const parts = {
      evaluations: [
        {
          ...identity,
          offset: '5',
          domains: [1, 0],
          loss: [1.25, null],
          scores: { mmlu: 0.5, "it's": null },
        },
      ],
      metrics: [{ ...identity, offset: '6', rank: 2, names: ['lr', 'gradNorm'], values: [1e-300, null] }],
      deadLetters: [
        {
          ...place,
          offset: '9',
          topic: 'measuring-topic',
          sourcePartition: 2,
          sourceOffset: '77',
          key: 'k\u0000',
          because: 'It was not JSON.',
          bytes: 12,
        },
      ],
      ledger: [fact(1, 'RunStarted', { ...start, domains: twoDomains })],
    }
    await analytics().write(block(parts))
    await analytics().write(block(parts))
    expect(await ask(`SELECT domain, loss FROM evaluations WHERE run = 'measuring' ORDER BY domain`)).toEqual(
      [
        ['code', 1.25],
        ['web', null],
      ],
    )
    expect(await ask(`SELECT task, score FROM scores WHERE run = 'measuring' ORDER BY task`)).toEqual([
      ["it's", null],
      ['mmlu', 0.5],
    ])
    expect(
      await ask(`SELECT rank, name, value, time FROM metrics WHERE run = 'measuring' ORDER BY name`),
    ).toEqual([
      [2, 'gradNorm', null, '2023-11-14 22:13:20.123'],
      [2, 'lr', 1e-300, '2023-11-14 22:13:20.123'],
    ])
    expect(
      await ask(
        `SELECT source_offset, key, because, bytes FROM dead_letters WHERE topic = 'measuring-topic'`,
      ),
    ).toEqual([[77, 'k\u0000', 'It was not JSON.', 12]])
  })
}
