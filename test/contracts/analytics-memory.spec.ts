import { createMemoryAnalytics } from '@mixdesk/analytics'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { analyticsContract } from './analytics.contract.js'

describe('the history in memory', () => {
  const analytics = createMemoryAnalytics()
  beforeAll(() => analytics.start())
  afterAll(() => analytics.stop())

  analyticsContract({ analytics: () => analytics, sql: false })

  it('says that it speaks no SQL', async () => {
    await expect(analytics.sql('SELECT 1')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('chDB'),
    })
  })
})
