import { expect, it } from 'vitest'
import { drive, phases, problemsOf, start, weightOf } from '../schedule.fixture.js'

const sizes = { english: 2733, italian: 162, chinese: 39, swahili: 1 }
const even = { english: 0.25, italian: 0.25, chinese: 0.25, swahili: 0.25 }

it('samples at temperature 5 for half of the run and by size afterwards, with one change', () => {
  const run = start(even, { steps: 10 }, sizes)
  const seen = drive({ preset: { name: 'cooldown' } }, run, 10)
  expect(phases(seen)).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2])
  const swahili = weightOf(seen, 3)
  for (const weight of swahili.slice(0, 5)) expect(weight).toBeCloseTo(0.09333, 5)
  for (const weight of swahili.slice(5)) expect(weight).toBeCloseTo(0.00034, 5)
  expect(seen.filter(({ proposal }) => proposal.kind === 'reweigh')).toHaveLength(2)
})

it('takes other temperatures, sizes and places', () => {
  const preset = {
    name: 'cooldown',
    temperature: 'infinite',
    finalTemperature: 2,
    at: { tokens: 80 },
    sizes: { english: 100, italian: 1, chinese: 0, swahili: 0 },
  }
  const english = weightOf(drive({ preset }, start(even), 5), 0)
  expect(english.slice(0, 4)).toEqual([0.5, 0.5, 0.5, 0.5])
  expect(english[5]).toBeCloseTo(10 / 11, 14)
})

it('asks for a horizon, sizes and temperatures it can use', () => {
  const said = (given: object, run = start(even, undefined, sizes)) =>
    problemsOf({ preset: { name: 'cooldown', ...given } }, run).join(' ')
  expect(said({})).toMatch(/^preset\.at\.share: expected a run that declares its horizon/)
  expect(said({ at: { steps: 5 }, temperature: 'hot' })).toMatch(
    /^preset cooldown: phases\[0\]\.config: temperature: expected a number above 0 or "infinite", got "hot"/,
  )
  expect(said({ at: { steps: 5 } }, start(even))).toMatch(/declares no tokens/)
})
