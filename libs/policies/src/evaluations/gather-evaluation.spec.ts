import { describe, expect, it } from 'vitest'
import { gather } from './gather-evaluation.js'

describe('gathering an evaluation', () => {
  const first = gather(null, 7, [1, null, -0])!

  it('begins with the first message, without negative zero', () => {
    expect(first).toStrictEqual({ newest: { step: 7, losses: [1, null, 0] }, continues: false })
  })

  it('continues with what the same step had left out', () => {
    expect(gather(first.newest, 7, [null, 2, null])).toStrictEqual({
      newest: { step: 7, losses: [1, 2, 0] },
      continues: true,
    })
  })

  it('begins anew at another step, or where something is measured a second time', () => {
    expect(gather(first.newest, 8, [null, 2, null])).toMatchObject({ continues: false })
    expect(gather(first.newest, 7, [3, 2, null])).toStrictEqual({
      newest: { step: 7, losses: [3, 2, null] },
      continues: false,
    })
  })

  it('does not count a message without a number', () => {
    expect(gather(first.newest, 7, [null, undefined, NaN])).toBeUndefined()
  })
})
