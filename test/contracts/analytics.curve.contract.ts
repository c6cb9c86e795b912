import { expect, it } from 'vitest'
import { block, rowsOf, start, twoDomains, type AnalyticsUnderTest } from './analytics.builders.js'

export function curveContract({ analytics }: AnalyticsUnderTest): void {
  it('merges ranks: the mean is the sum of losses over the sum of tokens', async () => {
    const { observation, fact } = rowsOf('curve-ranks')
    const observations = [
      observation(0, { step: 0, tokens: [10, 20], lossSum: [20, 60] }),
      observation(1, { step: 0, rank: 1, tokens: [30, 20], lossSum: [100, 20] }),
    ]
    await analytics().write(
      block({ observations, ledger: [fact(1, 'RunStarted', { ...start, domains: twoDomains })] }),
    )
    expect(await analytics().curve('curve-ranks')).toEqual([
      { step: 0, attempt: 1, domain: 'code', tokens: 40, loss: 2 },
      { step: 0, attempt: 1, domain: 'web', tokens: 40, loss: 3 },
    ])
  })

  it('leaves a domain out where its loss was not finite, and says null where nothing is left', async () => {
    const { observation, fact } = rowsOf('curve-null')
    const observations = [
      observation(0, { step: 0, lossSum: [null, null] }),
      observation(1, { step: 0, rank: 1, lossSum: [5, null] }),
    ]
    await analytics().write(
      block({ observations, ledger: [fact(1, 'RunStarted', { ...start, domains: twoDomains })] }),
    )
    expect(await analytics().curve('curve-null')).toEqual([
      { step: 0, attempt: 1, domain: 'code', tokens: 0, loss: null },
      { step: 0, attempt: 1, domain: 'web', tokens: 10, loss: 0.5 },
    ])
  })

  it('puts steps into at most as many buckets as asked for, weighted by tokens', async () => {
    const { observation, fact } = rowsOf('curve-buckets')
    const observations = Array.from({ length: 10 }, (_, step) =>
      observation(step, {
        step,
        domains: [1],
        tokens: [step + 1],
        lossSum: [(step + 1) * step],
        sequences: [1],
      }),
    )
    await analytics().write(
      block({ observations, ledger: [fact(1, 'RunStarted', { ...start, domains: twoDomains })] }),
    )
    expect(await analytics().curve('curve-buckets', { points: 2 })).toEqual([
      { step: 0, attempt: 1, domain: 'code', tokens: 15, loss: 40 / 15 },
      { step: 5, attempt: 1, domain: 'code', tokens: 40, loss: 290 / 40 },
    ])
    expect(
      (await analytics().curve('curve-buckets', { fromStep: 3, toStep: 4 })).map(({ step, loss }) => [
        step,
        loss,
      ]),
    ).toEqual([
      [3, 3],
      [4, 4],
    ])
  })

  it('follows the current chain of attempts, in whatever order attempts and facts come', async () => {
    const { observation, fact } = rowsOf('curve-chain')
    const say = (offset: number, attempt: number, step: number) =>
      observation(offset, { attempt, step, domains: [0], tokens: [1], lossSum: [attempt], sequences: [1] })
    // Attempt 2 goes on from step 3; attempt 3 from step 1, so that nothing of attempt 2 is left.
    await analytics().write(
      block({
        observations: [say(20, 3, 2), say(10, 2, 4)],
        ledger: [fact(3, 'RunResumed', { attempt: 3, fromStep: 1, ranks: 1 })],
      }),
    )
    await analytics().write(
      block({
        observations: [0, 1, 2, 3, 4].map((step) => say(step, 1, step)),
        ledger: [
          fact(1, 'RunStarted', { ...start, domains: twoDomains }),
          fact(2, 'RunResumed', { attempt: 2, fromStep: 3, ranks: 1 }),
        ],
      }),
    )
    expect(
      (await analytics().curve('curve-chain')).map(({ step, attempt, loss }) => [step, attempt, loss]),
    ).toEqual([
      [0, 1, 1],
      [1, 1, 1],
      [2, 3, 3],
    ])
  })

  it('leaves out all of a run that began again', async () => {
    const { observation, fact } = rowsOf('curve-again')
    const say = (attempt: number, step: number) =>
      observation(10 * attempt + step, {
        ...{ attempt, step, domains: [0], tokens: [1], lossSum: [attempt], sequences: [1] },
      })
    await analytics().write(
      block({
        observations: [say(1, 0), say(1, 1), say(1, 2), say(2, 0), say(2, 1)],
        ledger: [
          fact(1, 'RunStarted', { ...start, domains: twoDomains }),
          fact(2, 'RunResumed', { attempt: 2, fromStep: -1, ranks: 1 }),
        ],
      }),
    )
    expect(
      (await analytics().curve('curve-again')).map(({ step, attempt, loss }) => [step, attempt, loss]),
    ).toEqual([
      [0, 2, 2],
      [1, 2, 2],
    ])
  })
}
