import { expect, it } from 'vitest'
import { propose } from './propose.js'

const wish = { summary: 's', parts: {}, unchanged: 'It is so already.' }

it('holds with a sentence when the mixture would not change', () => {
  expect(propose({ ...wish, weights: [0.5, 0.5] }, [0.5, 0.5])).toEqual({
    kind: 'hold',
    because: 'It is so already.',
  })
})

it('holds when what was computed is no mixture', () => {
  for (const weights of [[NaN, 1], [-1, 2], [0, 0], [1]]) {
    expect(propose({ ...wish, weights }, [0.5, 0.5])).toMatchObject({
      kind: 'hold',
      because: expect.stringContaining('no mixture'),
    })
  }
})

it('adds the gap that the parts leave as carriedOver, and only then', () => {
  const complete = { gain: [0.25, -0.25] }
  expect(propose({ ...wish, weights: [0.75, 0.25], parts: complete }, [0.5, 0.5])).toMatchObject({
    because: { parts: complete },
  })
  expect(propose({ ...wish, weights: [0.75, 0.25], parts: complete }, [0.25, 0.75])).toMatchObject({
    because: { parts: { gain: [0.25, -0.25], carriedOver: [0.25, -0.25] } },
  })
})
