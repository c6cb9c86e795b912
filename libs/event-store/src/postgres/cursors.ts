import type { Database } from './database.js'

export async function loadCursor(database: Database, name: string): Promise<string | undefined> {
  const [row] = await database.query<{ value: string }>({
    name: 'load_cursor',
    text: 'SELECT value FROM cursors WHERE name = $1',
    values: [name],
  })
  return row?.value
}

export async function moveCursor(
  database: Database,
  name: string,
  expected: string | undefined,
  next: string,
): Promise<boolean> {
  const moved = await database.query(
    expected === undefined
      ? {
          name: 'create_cursor',
          text: 'INSERT INTO cursors (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1',
          values: [name, next],
        }
      : {
          name: 'move_cursor',
          // Need not be on disk when we go on: a cursor that a crash sets back makes its reader read a little twice.
          text: `WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
            UPDATE cursors SET value = $3 FROM relaxed WHERE name = $1 AND value = $2 RETURNING 1`,
          values: [name, expected, next],
        },
  )
  return moved.length === 1
}
