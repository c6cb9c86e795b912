import { cloudEventHeaders, ledgerEventIdOf, streamOf, topics, typeOf } from '@mixdesk/contracts'
import type { Commit } from '@mixdesk/event-store'
import type { Effects } from '@mixdesk/mixture'
import type { DeskEntry } from './desk-entry.js'
import { runRowOf } from './run-row.js'

/** Version of the shapes of ledger events; rises with an upcaster. */
const schemaVersion = 1

/** Everything that follows from an advance, as one transaction. Call it before anything else is folded: it takes the snapshot. */
export function commitOf(entry: DeskEntry, effects: Effects): Commit {
  const state = entry.desk.state()
  if (state === undefined)
    throw new Error(`The run ${entry.run} has nothing to commit before it has started.`)
  const stream = streamOf(entry.run)
  const version = entry.streamVersion + effects.events.length
  return {
    stream,
    expectedVersion: entry.streamVersion,
    events: effects.events.map((event, i) => ({
      ...event,
      id: ledgerEventIdOf(stream, entry.streamVersion + i + 1),
      schemaVersion,
    })),
    outbox: effects.commands.map((command) => ({
      topic: topics.trainerCommands,
      key: entry.run,
      headers: cloudEventHeaders({ id: command.decisionId, type: typeOf('mixture.set'), source: 'mixdesk' }),
      value: JSON.stringify(command),
    })),
    checkpoints: effects.checkpoints.map(({ attempt, step, uri, learning }) => ({
      run: entry.run,
      attempt,
      step,
      ...(uri === undefined ? {} : { uri }),
      state: JSON.stringify(learning),
    })),
    snapshot: {
      stream,
      version,
      partition: entry.partition,
      cursor: String(entry.desk.cursor()),
      live: state.status === 'running',
      state: entry.desk.snapshot(),
    },
    run: runRowOf(state),
  }
}
