import { describe, expect, it } from 'vitest'
import { createTerminal } from './terminal.js'

const stream = (properties: { isTTY?: boolean; columns?: number } = {}) => ({
  write: () => true,
  ...properties,
})

describe('a terminal', () => {
  it('neither colours nor redraws in a pipe, on CI either', () => {
    const terminal = createTerminal({ CI: 'true', TERM: 'xterm' }, stream(), stream())
    expect([terminal.live, terminal.colors.isColorSupported, terminal.width]).toEqual([
      false,
      false,
      Number.POSITIVE_INFINITY,
    ])
  })
  it('colours where somebody watches, unless told not to', () => {
    const watched = () => stream({ isTTY: true, columns: 100 })
    expect(createTerminal({ TERM: 'xterm' }, watched(), stream()).colors.isColorSupported).toBe(true)
    expect(
      createTerminal({ TERM: 'xterm', NO_COLOR: '1' }, watched(), stream()).colors.isColorSupported,
    ).toBe(false)
    expect(createTerminal({ TERM: 'dumb' }, watched(), stream()).live).toBe(false)
  })
})
