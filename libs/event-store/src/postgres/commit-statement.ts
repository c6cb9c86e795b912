import { searchTextOf, storable } from '../run-search.js'
import type { Checkpoint, Commit, NewLedgerEvent, OutboxMessage, RunRow, Snapshot } from '../event-store.js'
import type { Statement } from './database.js'

/** One step of the statement: its text, once its parameters have numbers. */
type Part = (parameter: (value: unknown) => string) => string

/**
 * The whole commit as one statement, so that it is one round trip and one transaction. `moved` is the compare-and-set:
 * it returns a row only when the stream stands where expected, and everything else selects from it.
 * Only the parts a commit has are in the text; that makes a few dozen texts at most, each planned once a connection.
 */
export function commitStatement(commit: Commit): Statement {
  const { stream, expectedVersion, events, outbox = [], snapshot, checkpoints = [], run } = commit
  const values: unknown[] = []
  const parameter = (value: unknown) => `$${values.push(value)}`
  const to = expectedVersion + events.length
  parameter(stream) // $1
  parameter(expectedVersion) // $2
  parameter(to) // $3

  const parts: string[] = [expectedVersion === 0 ? createOrMoveFromZero : move]
  const name = ['commit', expectedVersion === 0 ? 'create' : 'move']
  const add = (part: string, step: Part) => {
    name.push(part)
    parts.push(step(parameter))
  }
  if (events.length > 0) add('facts', appendFacts(events))
  if (snapshot) add('snapshot', saveSnapshot(snapshot))
  if (outbox.length > 0) add('outbox', enqueue(outbox))
  if (checkpoints.length > 0) add('checkpoints', saveCheckpoints(checkpoints))
  if (run) add('run', saveRun(run))
  const whole = snapshot ? '(EXISTS (SELECT FROM saved_snapshot) OR refuse_commit())' : 'true'
  return {
    name: name.join('_'),
    text: `WITH ${parts.join(',\n')}\nSELECT ${whole} AS whole${outbox.length > 0 ? queuedIds : ''} FROM moved`,
    values,
  }
}

const move = `moved AS (
  UPDATE streams SET version = $3::bigint WHERE stream = $1 AND version = $2::bigint RETURNING version
)`

const createOrMoveFromZero = `moved AS (
  INSERT INTO streams AS s (stream, version) VALUES ($1, $3::bigint)
  ON CONFLICT (stream) DO UPDATE SET version = excluded.version WHERE s.version = $2::bigint RETURNING version
)`

/** Taking `moved` first matters: it gives the transaction its number before the position is made of it. */
const appendFacts =
  (events: readonly NewLedgerEvent[]): Part =>
  (parameter) => {
    const ids = parameter(events.map(({ id }) => id))
    const types = parameter(events.map(({ type }) => type))
    const schemaVersions = parameter(events.map(({ schemaVersion }) => schemaVersion))
    const data = parameter(events.map((event) => JSON.stringify(event.data)))
    const occurredAt = parameter(events.map((event) => event.occurredAt ?? null))
    return `facts AS (
  INSERT INTO ledger (position, stream, version, id, type, schema_version, data, occurred_at)
  SELECT (pg_current_xact_id()::text::bigint + origin.transactions) * 65536 + new.place - 1,
    $1, $2::bigint + new.place, new.id, new.type, new.schema_version, new.data::json, new.occurred_at
  FROM moved, ledger_origin origin,
    unnest(${ids}::text[], ${types}::text[], ${schemaVersions}::int[], ${data}::text[], ${occurredAt}::text[])
      WITH ORDINALITY AS new (id, type, schema_version, data, occurred_at, place)
)`
  }

/** A cursor only moves forward; it may stand still where events moved the stream (a person's command between two reads). */
const saveSnapshot =
  ({ version, partition, cursor, live, state }: Snapshot): Part =>
  (parameter) => `saved_snapshot AS (
  INSERT INTO snapshots AS s (stream, version, partition, cursor, live, state)
  SELECT $1, ${parameter(version)}::bigint, ${parameter(partition)}::int, ${parameter(cursor)}::bigint,
    ${parameter(live)}::boolean, ${parameter(state)}::text
  FROM moved
  ON CONFLICT (stream) DO UPDATE SET version = excluded.version, partition = excluded.partition,
    cursor = excluded.cursor, live = excluded.live, state = excluded.state, saved_at = now()
  WHERE s.cursor < excluded.cursor OR (s.cursor = excluded.cursor AND $2::bigint < $3::bigint)
  RETURNING 1
)`

const enqueue =
  (messages: readonly OutboxMessage[]): Part =>
  (parameter) => {
    const topics = parameter(messages.map(({ topic }) => topic))
    const keys = parameter(messages.map(({ key }) => key))
    const headers = parameter(messages.map((message) => JSON.stringify(message.headers)))
    const values = parameter(messages.map(({ value }) => value))
    return `queued AS (
  INSERT INTO outbox (topic, key, headers, value)
  SELECT new.topic, new.key, new.headers::json, new.value
  FROM moved, unnest(${topics}::text[], ${keys}::text[], ${headers}::text[], ${values}::text[])
    WITH ORDINALITY AS new (topic, key, headers, value, place)
  ORDER BY new.place
  RETURNING id
)`
  }

/** Ids rise with the place in the commit. */
const queuedIds = ', (SELECT array_agg(id::text ORDER BY id) FROM queued) AS queued'

const saveCheckpoints =
  (checkpoints: readonly Checkpoint[]): Part =>
  (parameter) => {
    // One statement may not touch a row twice: the last of equals stands.
    const distinct = [
      ...new Map(checkpoints.map((c) => [JSON.stringify([c.run, c.attempt, c.step]), c])).values(),
    ]
    const runs = parameter(distinct.map(({ run }) => run))
    const attempts = parameter(distinct.map(({ attempt }) => attempt))
    const steps = parameter(distinct.map(({ step }) => step))
    const uris = parameter(distinct.map(({ uri }) => (uri === undefined ? null : storable(uri))))
    const states = parameter(distinct.map(({ state }) => state))
    return `kept AS (
  INSERT INTO checkpoints (run, attempt, step, uri, state)
  SELECT new.* FROM moved,
    unnest(${runs}::text[], ${attempts}::int[], ${steps}::bigint[], ${uris}::text[], ${states}::text[]) AS new
  ON CONFLICT (run, step, attempt) DO UPDATE SET uri = excluded.uri, state = excluded.state, saved_at = now()
)`
  }

const saveRun =
  (row: RunRow): Part =>
  (parameter) => {
    const columns = Object.entries(runColumns(row))
    const names = columns.map(([column]) => column).join(', ')
    const values = columns.map(([, [type, value]]) => `${parameter(value)}::${type}`).join(', ')
    const changes = columns.map(([column]) => `${column} = excluded.${column}`).join(', ')
    return `listed AS (
  INSERT INTO runs (${names}) SELECT ${values} FROM moved
  ON CONFLICT (run) DO UPDATE SET ${changes}, updated_at = now()
),
grouped AS (
  INSERT INTO projects (project) SELECT ${parameter(row.project)}::text FROM moved ON CONFLICT DO NOTHING
)`
  }

function runColumns(row: RunRow): Record<string, readonly [type: string, value: unknown]> {
  return {
    run: ['text', row.run],
    project: ['text', row.project],
    status: ['text', row.status],
    attempt: ['int', row.attempt],
    policy: ['text', row.policy],
    domains: ['json', JSON.stringify(row.domains)],
    ranks: ['int', row.ranks],
    step: ['bigint', row.step],
    version: ['bigint', row.version],
    frozen: ['boolean', row.frozen],
    problems: ['json', JSON.stringify(row.problems)],
    params: ['json', JSON.stringify(row.params)],
    tags: ['json', JSON.stringify(row.tags)],
    notes: ['text', storable(row.notes)],
    counts: ['json', JSON.stringify(row.counts)],
    search_text: ['text', searchTextOf(row)],
  }
}
