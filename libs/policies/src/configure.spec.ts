import { describe, expect, it } from 'vitest'
import { configure, digestible } from './configure.js'
import { findPolicy, policies } from './registry.js'

const start = {
  domains: [
    { name: 'code', tokens: 3 },
    { name: 'web', tokens: 1 },
  ],
  weights: [0.5, 0.5],
}
const odm = findPolicy('odm')!

describe('configure', () => {
  it('fills in defaults, without touching what was given', () => {
    const given = Object.freeze({ smoothing: 0.5 })
    expect(configure(odm, given, start)).toEqual({ ok: true, config: { ...odm.defaults, smoothing: 0.5 } })
    expect(configure(odm, undefined, start)).toEqual({ ok: true, config: odm.defaults })
    expect(configure(odm, { smoothing: undefined }, start)).toEqual({ ok: true, config: odm.defaults })
  })

  it('names the known keys for an unknown one', () => {
    expect(configure(odm, { smothing: 0.5 }, start)).toEqual({
      ok: false,
      problems: [
        expect.stringContaining('smothing: expected one of variant, warmupSteps, updateEvery, smoothing,'),
      ],
    })
  })

  it('asks the policy once the schema is content', () => {
    expect(configure(odm, { lowestLoss: 3, highestLoss: 2 }, start)).toEqual({
      ok: false,
      problems: [expect.stringContaining('lowestLoss: expected less than highestLoss (2), got 3')],
    })
  })

  it('leaves settings that came later out of what is digested, for as long as they have their default', () => {
    const {
      biasCorrection: _,
      rewardScale: __,
      rewardClip: ___,
      exponentClip: ____,
      explorationFloor: _____,
      ...first
    } = odm.defaults as Record<string, unknown>
    expect(digestible(odm, odm.defaults)).toEqual(first)
    expect(digestible(odm, { ...odm.defaults, biasCorrection: true })).toEqual({
      ...first,
      biasCorrection: true,
    })
  })

  it.each([[null], [[]], ['fast'], [3]])('refuses %j as a configuration', (given) =>
    expect(configure(odm, given, start)).toMatchObject({
      ok: false,
      problems: [expect.stringContaining('expected an object')],
    }),
  )
})

describe('the registry', () => {
  it('has one policy a name', () => {
    expect(new Set(policies.map((policy) => policy.name)).size).toBe(policies.length)
    expect(findPolicy('nothing')).toBeUndefined()
  })

  it.each(policies.map((policy) => [policy.name, policy]))(
    '%s describes every setting and accepts its own defaults, or its example',
    (_, policy) => {
      expect(Object.keys(policy.schema.properties)).toEqual(
        expect.arrayContaining(Object.keys(policy.defaults as object)),
      )
      for (const property of Object.values(policy.schema.properties))
        expect(property.description).toMatch(/\.$/)
      expect(configure(policy, policy.example?.(start) ?? {}, start)).toMatchObject({ ok: true })
      expect(JSON.parse(JSON.stringify(policy.defaults))).toEqual(policy.defaults)
    },
  )
})
