import type { RunFilter, RunRow } from '@mixdesk/event-store'
import { describe, expect, it } from 'vitest'
import { append, runRow, unique } from './event-store.builders.js'
import type { Stores } from './event-store.contract.js'

export function runsContract(get: () => Stores): void {
  const list = async (row: Partial<RunRow> & { project: string }, run = unique('run')) => {
    await append(get().store, run, 0, { run: runRow(run, row) })
    return run
  }
  const names = async (filter: Partial<RunFilter>) =>
    (await get().other.listRuns({ limit: 100, ...filter })).runs.map(({ run }) => run).sort()

  describe('runs', () => {
    it('shows the latest of a run, and when it began', async () => {
      const { store } = get()
      const run = unique('run')
      const first = runRow(run, {
        project: unique('p'),
        notes: 'a',
        problems: ['x "y"'],
        step: 9_007_199_254_740_991,
      })
      await append(store, run, 0, { run: first })
      const began = await store.findRun(run)
      expect(began).toMatchObject(first)
      const latest = { ...first, status: 'completed', frozen: true, counts: { late: 2 }, notes: 'b' } as const
      await append(store, run, 1, { run: latest })
      const found = await store.findRun(run)
      expect(found).toMatchObject(latest)
      expect(found?.startedAt).toBe(began?.startedAt)
      expect(await store.findRun(unique('run'))).toBeUndefined()
    })

    it('filters by project and by status', async () => {
      const [project, elsewhere] = [unique('p'), unique('p')]
      const running = await list({ project })
      const failed = await list({ project, status: 'failed' })
      await list({ project: elsewhere })
      expect(await names({ project })).toEqual([running, failed].sort())
      expect(await names({ project, status: 'failed' })).toEqual([failed])
      expect(await names({ project: unique('p') })).toEqual([])
    })

    it('searches names, projects, tags and notes, whatever the case, and takes nothing for a pattern', async () => {
      const project = unique('Search.P')
      const tagged = await list({ project, tags: ['Größe', '50%_off'] })
      const noted = await list({ project, notes: 'tried C:\\temp \0 and "quotes"; -- it\'s Ünïcode 🎛️' })
      const both = [tagged, noted].sort()
      expect(await names({ project, search: 'GRÖSSE' })).toEqual([])
      expect(await names({ project, search: 'gröSSe'.replace('SS', 'ß') })).toEqual([tagged])
      expect(await names({ project, search: '50%_' })).toEqual([tagged])
      expect(await names({ project, search: '%' })).toEqual([tagged])
      expect(await names({ project, search: '5_%' })).toEqual([])
      expect(await names({ project, search: 'c:\\TEMP' })).toEqual([noted])
      expect(await names({ project, search: `it's ÜNÏCODE 🎛️` })).toEqual([noted])
      expect(await names({ search: project.toUpperCase() })).toEqual(both)
      expect(await names({ project, search: tagged })).toEqual([tagged])
      expect(await names({ project, search: '' })).toEqual(both)
    })

    it('pages newest first without repeating or missing one, while new runs start', async () => {
      const project = unique('p')
      const started: string[] = []
      for (let n = 0; n < 23; n += 1) started.push(await list({ project }))
      const { store } = get()
      const seen: string[] = []
      let after: string | undefined
      do {
        const page = await store.listRuns({ project, limit: 5, ...(after === undefined ? {} : { after }) })
        expect(page.runs.length).toBeLessThanOrEqual(5)
        const times = page.runs.map(({ startedAt }) => startedAt)
        expect(times).toEqual([...times].sort().reverse())
        seen.push(...page.runs.map(({ run }) => run))
        after = page.next
        await list({ project })
      } while (after !== undefined)
      expect([...seen].sort()).toEqual([...started].sort())
    })

    it('ends a list that fits exactly, and refuses a page token that is none', async () => {
      const { store } = get()
      const project = unique('p')
      await list({ project })
      expect(await store.listRuns({ project, limit: 1 })).not.toHaveProperty('next')
      for (const after of ['', 'nonsense', Buffer.from('["x","y"]').toString('base64url')])
        await expect(store.listRuns({ limit: 1, after })).rejects.toMatchObject({ code: 'invalid' })
    })
  })
}
