import { describe, expect, it } from 'vitest'
import { bar, sparkline } from './bars.js'

describe('a bar', () => {
  it('is filled to its share, to an eighth of a column', () => {
    expect(bar(0.5, 4)).toBe('██  ')
    expect(bar(1, 4)).toBe('████')
    expect(bar(0.1, 4)).toBe('▍   ')
    expect(bar(0.2, 4, 0.4)).toBe('██  ')
  })

  it('stays within its width whatever comes', () => {
    for (const value of [-1, 0, 2, Number.NaN, Number.POSITIVE_INFINITY])
      expect(bar(value, 5)).toHaveLength(5)
    expect(bar(1, 3, 0)).toBe('   ')
  })
})

describe('a sparkline', () => {
  it('scales between the smallest and the largest', () => expect(sparkline([1, 2, 3], 10)).toBe('▁▅█'))
  it('is at most as wide as asked, each block the mean of a stretch', () =>
    expect(sparkline([1, 1, 5, 5, 9, 9], 3)).toBe('▁▅█'))
  it('is flat for a constant, and empty for nothing', () =>
    expect([sparkline([2, 2], 4), sparkline([], 4), sparkline([Number.NaN], 4)]).toEqual(['▁▁', '', '']))
})
