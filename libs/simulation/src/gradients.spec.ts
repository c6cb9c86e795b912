import { describe, expect, it } from 'vitest'
import { expectedFactors } from './best-mixture.js'
import { heldOutLosses, learn, untaught } from './dynamics.js'
import { gradientsOf } from './gradients.js'
import { worlds } from './worlds.js'

const scale = { batchTokens: 50_000, learningRate: 0.01, clipNorm: Infinity }

describe('stand-ins for gradients', () => {
  it.each(Object.values(worlds).map((world) => [world.name, world] as const))(
    'in %s: learning rate · ⟨gᵢ, gⱼ⟩ is what a batch of j lowers the loss of i by, to first order',
    (_, world) => {
      const { domains } = world
      let state = untaught(world)
      // So far that in `scarce` something has been read before, and in `drifting` nothing drifts yet.
      for (let i = 0; i < 40; i++)
        state = learn(
          world,
          state,
          domains.map(() => 50_000),
          expectedFactors(world, state),
        )
      const { inner } = gradientsOf(world, state, scale)
      const share = 1e-4
      // Memory of what is read by heart is not a matter of gradients: it fades whatever is trained on.
      const losses = (of: typeof state) => heldOutLosses(world, { ...of, remembered: domains.map(() => 0) })
      domains.forEach((_, j) => {
        const batch = domains.map((_, k) => (k === j ? share * scale.batchTokens : 0))
        const after = losses(learn(world, state, batch, expectedFactors(world, state)))
        losses(state).forEach((loss, i) => {
          const fall = (loss - after[i]!) / share
          expect(scale.learningRate * inner(i, j)).toBeCloseTo(fall, 6)
        })
      })
    },
  )

  it('a long gradient is scaled to the norm it is clipped at, with all its inner products', () => {
    const { transfer } = worlds
    const state = untaught(transfer)
    const free = gradientsOf(transfer, state, scale)
    const clipped = gradientsOf(transfer, state, { ...scale, clipNorm: 1 })
    for (const i of [0, 1, 2, 3]) {
      expect(free.norm(i)).toBeGreaterThan(1)
      expect(clipped.norm(i)).toBeCloseTo(1, 12)
      expect(clipped.inner(i, i)).toBeCloseTo(1, 12)
      for (const j of [0, 1, 2, 3])
        expect(clipped.inner(i, j)).toBeCloseTo(free.inner(i, j) / free.norm(i) / free.norm(j), 12)
    }
  })

  it('noise has none', () => {
    const { inner, norm } = gradientsOf(worlds.useless, untaught(worlds.useless), scale)
    expect(norm(4)).toBe(0)
    for (const i of [0, 1, 2, 3]) expect([inner(i, 4), inner(4, i)]).toEqual([0, 0])
  })
})
