import { describe, expect, it } from 'vitest'
import { fit, table } from './table.js'
import { displayWidth } from './text.js'

const columns = [{ name: 'run' }, { name: 'steps', align: 'right' as const }, { name: 'because' }]
const rows = [
  ['demo-odm', '1200', 'domains with a higher loss gain'],
  ['x', '7', 'nothing'],
]

describe('a table', () => {
  it('is as wide as its cells where there is room', () => {
    expect(table(columns, rows, { width: 80 }).split('\n')).toEqual(
      [
        'run       steps  because',
        '──────────────────────────────────────────────',
        'demo-odm   1200  domains with a higher loss gain',
        'x             7  nothing',
      ].map((line, i) => (i === 1 ? '─'.repeat(48) : line)),
    )
  })

  it('is cut to the terminal, the widest column first', () => {
    const lines = table(columns, rows, { width: 30 }).split('\n')
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(30)
    expect(lines[2]).toBe('demo-odm   1200  domains with…')
  })

  it('fits whatever the width and whatever the cells', () => {
    const wide = Array.from({ length: 12 }, (_, i) => ({ name: `column ${i}` }))
    const cells = [wide.map((_, i) => '値'.repeat(i))]
    for (let width = 10; width < 140; width += 7)
      for (const line of table(wide, cells, { width }).split('\n'))
        expect(displayWidth(line)).toBeLessThanOrEqual(width)
  })

  it('becomes one record below the other where columns would be too narrow', () => {
    const lines = table(columns, rows, { width: 15 }).split('\n')
    expect(lines.slice(1, 4)).toEqual(
      ['run    demo-odm', 'steps  1200', 'becau  domains…'].map((line) =>
        expect.stringContaining(line.slice(0, 4)),
      ),
    )
  })

  it('shows control characters instead of obeying them', () => {
    expect(table([{ name: 'a' }], [['\u001b[2J\n']], { width: 40 })).toContain('\\x1b[2J⏎')
  })

  it('draws its head when there are no rows', () =>
    expect(table(columns, [], { width: 40 }).split('\n')[0]).toBe('run  steps  because'))
})

describe('fitting widths', () => {
  it('takes from the widest, down to what is least', () => {
    expect(fit([10, 4, 20], [5, 4, 5], 24)).toEqual([10, 4, 10])
    expect(fit([10, 4, 20], [5, 4, 5], 14)).toEqual([5, 4, 5])
    expect(fit([10, 4, 20], [5, 4, 5], 13)).toBeUndefined()
    expect(fit([1], [1], Number.POSITIVE_INFINITY)).toEqual([1])
  })
})
