import { expect, it } from 'vitest'
import { block, rowsOf, type AnalyticsUnderTest } from './analytics.builders.js'

export function sqlContract({ analytics }: AnalyticsUnderTest): void {
  it('answers with columns, types and rows, and says when rows were cut', async () => {
    const all = await analytics().sql(
      'SELECT number AS n, toString(number) AS t FROM numbers(3) ORDER BY n DESC;',
    )
    expect(all).toMatchObject({
      columns: [
        { name: 'n', type: 'UInt64' },
        { name: 't', type: 'String' },
      ],
      truncated: false,
    })
    expect(all.rows).toEqual([
      [2, '2'],
      [1, '1'],
      [0, '0'],
    ])
    const cut = await analytics().sql('SELECT number FROM numbers(100000) ORDER BY number DESC', {
      maxRows: 2,
    })
    expect(cut).toMatchObject({ rows: [[99_999], [99_998]], truncated: true })
    expect((await analytics().sql('SELECT number FROM numbers(10001)')).rows.length).toBe(10_000)
    expect(await analytics().sql('SELECT number FROM numbers(10000)')).toMatchObject({ truncated: false })
  })

  it('shows first arrivals only, also in the tables under the views', async () => {
    const { observation } = rowsOf('sql-first')
    await analytics().write(block({ observations: [observation(1, { step: 1 })] }))
    await analytics().write(block({ observations: [observation(2, { step: 1 })] }))
    expect((await analytics().sql(`SELECT offset FROM observations WHERE run = 'sql-first'`)).rows).toEqual([
      [1],
    ])
  })

  it('tells a refusal, a mistake and a query that is too expensive apart', async () => {
    await expect(analytics().sql('DROP TABLE observations')).rejects.toMatchObject({
      code: 'refused',
      retriable: false,
    })
    await expect(analytics().sql('SELECT nothing FROM losses')).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('nothing'),
    })
    await expect(analytics().sql('SELECT sum(number) FROM numbers(1000000000000)')).rejects.toMatchObject({
      code: 'too-expensive',
    })
    await expect(analytics().sql('SELECT groupArray(number) FROM numbers(1000000000)')).rejects.toMatchObject(
      { code: 'too-expensive' },
    )
  })

  it('stays usable after what went wrong, and cannot be changed from inside', async () => {
    expect((await analytics().sql('SELECT 1')).rows).toEqual([[1]])
    // The gate refuses SETTINGS; were it to let one through, the connection would not.
    await expect(analytics().sql('SELECT 1 SETTINGS readonly = 0')).rejects.toMatchObject({ code: 'refused' })
  })
}
