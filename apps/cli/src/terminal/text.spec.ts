import { describe, expect, it } from 'vitest'
import { cut, displayWidth, harmless, padEnd, padStart, wrap } from './text.js'

describe('text on a terminal', () => {
  it('is as wide as it looks', () => {
    expect(displayWidth('plain')).toBe(5)
    expect(displayWidth('\u001b[31mred\u001b[39m')).toBe(3)
    expect(displayWidth('語る')).toBe(4)
    expect(displayWidth('e\u0301')).toBe(1)
    expect(displayWidth('█▌→')).toBe(3)
  })

  it('is cut with … only where it is too long, and never in the middle of a wide character', () => {
    expect(cut('typescript', 10)).toBe('typescript')
    expect(cut('typescript', 5)).toBe('type…')
    expect(cut('語る言葉', 4)).toBe('語…')
    expect(cut('abc', 0)).toBe('')
    expect(cut('anything', Number.POSITIVE_INFINITY)).toBe('anything')
  })

  it('cannot steer the terminal', () => {
    expect(harmless('a\u001b[2Jb\u0007')).toBe('a\\x1b[2Jb\\x07')
    expect(harmless('two\nlines\tapart')).toBe('two⏎lines apart')
    expect(harmless('\u202eevil')).not.toContain('\u202e')
  })

  it('is padded to a width, and left alone when wider', () => {
    expect([padEnd('a', 3), padStart('a', 3), padEnd('abcd', 3)]).toEqual(['a  ', '  a', 'abcd'])
  })

  it('is broken at spaces', () => {
    expect(wrap('one two three four', 9)).toEqual(['one two', 'three', 'four'])
    expect(wrap('', 9)).toEqual([])
  })
})
