import { expect, it } from 'vitest'
import { ago, clock, loss, percent, whole } from './numbers.js'

it('writes numbers for people', () => {
  expect([
    whole(1234567),
    loss(2.34567),
    loss(null),
    percent(0.1234),
    percent(undefined),
    clock(75.9),
    clock(3601),
  ]).toEqual(['1,234,567', '2.346', '–', '12.3 %', '–', '1:15', '60:01'])
})

it('says how long ago in the largest unit that fits', () => {
  const now = Date.parse('2030-01-02T00:00:00Z')
  expect(
    [
      '2030-01-01T23:59:30Z',
      '2030-01-01T23:50:00Z',
      '2030-01-01T20:00:00Z',
      '2029-12-01T00:00:00Z',
      'never',
    ].map((from) => ago(from, now)),
  ).toEqual(['30 s ago', '10 min ago', '4 h ago', '32 d ago', '–'])
})
