// What a decision's commit costs beside a bare insert: the event store's own benchmark, on this stand's PostgreSQL.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'

const script = fileURLToPath(new URL('../contracts/event-store.bench.mjs', import.meta.url))
const database = 'bench_commits'

export const commits = {
  name: 'commits',
  title: 'Commits to PostgreSQL',
  question:
    'What does the commit of a decision cost beside a bare insert of the same bytes, over the same driver and server?',

  async run({ stand, quick }) {
    const address = new URL(stand.postgresUrl)
    address.pathname = `/${database}`
    await onServer(stand, `DROP DATABASE IF EXISTS ${database}`)
    await onServer(stand, `CREATE DATABASE ${database}`)
    const sizes = quick ? ['3', '300'] : ['7', '1000']
    const { stdout } = await promisify(execFile)(process.execPath, [script, address.href, ...sizes])
    const bytes = /^event .*$/m.exec(stdout)?.[0] ?? ''
    const rates = [
      ...stdout.matchAll(/^(\d+) writers, (commit|bare): (\d+)\/s, p50 ([\d.]+) ms, p99 ([\d.]+) ms/gm),
    ]
    const ratios = Object.fromEntries(
      [...stdout.matchAll(/^(\d+) writers, ratio of rates: ([\d.]+)/gm)].map(([, writers, value]) => [
        writers,
        Number(value),
      ]),
    )
    return {
      facts: [
        `\`test/contracts/event-store.bench.mjs\`: ${sizes[0]} rounds of ${sizes[1]} by turns, medians of the rounds; ${bytes}. A commit is one statement that checks the stream's version, and writes ledger, snapshot and outbox.`,
      ],
      table: {
        head: ['', '/s', 'p50, ms', 'p99, ms'],
        rows: [
          ...rates.map(([, writers, kind, rate, p50, p99]) => [
            `${kind === 'commit' ? 'commit' : 'bare insert'}, ${writers} at a time`,
            Number(rate).toLocaleString('en-US'),
            p50,
            p99,
          ]),
          ...Object.entries(ratios).map(([writers, value]) => [
            `ratio, ${writers} at a time`,
            `${value.toFixed(2)} ×`,
            '',
            '',
          ]),
        ],
      },
      goals: [],
      flatters: [
        'A young database on the same machine; the disk acknowledges as fast as the machine lets it.',
      ],
    }
  },
}

async function onServer(stand, statement) {
  const client = new pg.Client({ connectionString: stand.postgresUrl })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}
