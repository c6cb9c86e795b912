import { policies } from '@mixdesk/policies'
import { describe, expect, it } from 'vitest'
import { findings } from '../../scripts/worlds/findings.mjs'

// Whole runs, some of them many: minutes where the machine is slow.
describe('what the papers found, held against worlds with a known answer', { timeout: 180_000 }, () => {
  it.each(findings.map((finding) => [finding.policy, finding.here, finding] as const))(
    '%s: %s',
    (_, __, { check }) => {
      check(expect)
    },
  )

  it('says something of every policy', () => {
    const spoken = new Set(findings.map(({ policy }) => policy))
    expect(policies.map(({ name }) => name).filter((name) => !spoken.has(name))).toEqual(['agent'])
  })
})
