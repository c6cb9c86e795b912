import { expect, it } from 'vitest'
import { addPassBins, passBinColumns, passBinNames, passCounts, promptsIn } from './pass-counts.js'
import type { StepFact } from '../policy.js'

const step = (signals: StepFact['signals'], present: readonly boolean[]): StepFact => {
  const nothing = present.map(() => 0)
  return { kind: 'step', step: 1, present, tokens: nothing, lossSum: nothing, signals, inForce: nothing }
}

it('reads pass counts, and nothing from what are no counts', () => {
  const fact = step({ successes: [3, -0, 5, -1, 1, 1e300], rollouts: [8, 4, 4, 4, 0, 1e300] }, [
    true,
    true,
    true,
    true,
    true,
    true,
  ])
  expect(fact.present.map((_, i) => passCounts(fact, i))).toEqual([
    { successes: 3, rollouts: 8 },
    { successes: 0, rollouts: 4 },
    undefined,
    undefined,
    undefined,
    undefined,
  ])
  expect(passCounts(step({ successes: [3] }, [true]), 0)).toBeUndefined()
  expect(passCounts(step({ successes: [3], rollouts: [8] }, [false]), 0)).toBeUndefined()
})

it('reads histograms of pass rates, whole or not at all', () => {
  expect(passBinNames(2)).toEqual(['passBin0', 'passBin1', 'passBin2'])
  const fact = step({ passBin0: [2, 0, 1], passBin1: [1, 0, -1], passBin2: [0, 0, 0] }, [true, true, true])
  const columns = passBinColumns(fact, 2)!
  expect([0, 1, 2].map((i) => promptsIn(fact, i, columns))).toEqual([3, 0, 0])
  expect(passBinColumns(fact, 3)).toBeUndefined()
  expect(addPassBins([[1, 1, 1, 1]], fact, 0.5)).toEqual([[1, 1, 1, 1]])
})

it('lets older histograms fade where there is a new one', () => {
  const fact = step({ passBin0: [2, 0], passBin1: [1, 0] }, [true, false])
  expect(
    addPassBins(
      [
        [4, 4],
        [4, 4],
      ],
      fact,
      0.5,
    ),
  ).toEqual([
    [4, 3],
    [4, 4],
  ])
})
