// Question: what does a decision's commit cost beside a bare insert of the same bytes, over the same driver and server?
// Usage: node test/contracts/event-store.bench.mjs postgres://user@host:port/empty-database   [rounds] [commits a round] (after `npm run build`)
// A decision here: one event of 2.5 KB, one message of 1 KB, a snapshot of 4 KB. Rounds alternate; medians are reported.
import { createPostgresEventStore } from '@mixdesk/event-store'
import pg from 'pg'

const url = process.argv[2]
if (!url) throw new Error('Give the address of an empty PostgreSQL: postgres://user@host:port/database')
const rounds = Number(process.argv[3] ?? 7)
const commitsARound = Number(process.argv[4] ?? 1500)

const numbers = (count, n) => Array.from({ length: count }, (_, i) => Math.sin(i + n) / 3)
const data = (n) => ({
  run: 'r',
  weights: numbers(24, n),
  proposed: numbers(24, n + 1),
  parts: numbers(72, n + 2),
})
const padded = (text, bytes) => JSON.stringify(text.padEnd(bytes - 2, 'x'))
const message = (n) => padded(JSON.stringify(numbers(24, n)), 1024)
const state = (n) => JSON.stringify({ log: numbers(200, n) })
console.log(
  `event ${JSON.stringify(data(1)).length} B, message ${message(1).length} B, snapshot ${state(1).length} B`,
)

const store = createPostgresEventStore({ url, poolSize: 12 })
await store.start()
const pool = new pg.Pool({ connectionString: url, max: 12 })
await pool.query(
  'CREATE TABLE IF NOT EXISTS bare (id text PRIMARY KEY, event text, message text, state text)',
)

let serial = Date.now() * 1000
const versions = new Map()
async function commit(writer) {
  const n = (serial += 1)
  const stream = `run-${process.pid}-${writer}`
  const expectedVersion = versions.get(stream) ?? 0
  const result = await store.commit({
    stream,
    expectedVersion,
    events: [{ id: `e${n}`, type: 'MixtureDecided', schemaVersion: 1, data: data(n) }],
    outbox: [{ topic: 'commands', key: stream, headers: { ce_id: String(n) }, value: message(n) }],
    snapshot: {
      stream,
      version: expectedVersion + 1,
      partition: 1,
      cursor: String(n),
      live: true,
      state: state(n),
    },
  })
  if (result.kind !== 'committed') throw new Error(JSON.stringify(result))
  versions.set(stream, result.version)
}
async function bare() {
  const n = (serial += 1)
  const text = 'INSERT INTO bare (id, event, message, state) VALUES ($1, $2, $3, $4)'
  await pool.query({ name: 'bare', text, values: [`e${n}`, JSON.stringify(data(n)), message(n), state(n)] })
}

async function measure(work, writers) {
  const latencies = []
  const began = performance.now()
  const write = async (writer) => {
    for (let i = 0; i < commitsARound / writers; i += 1) {
      const from = performance.now()
      await work(writer)
      latencies.push(performance.now() - from)
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  const seconds = (performance.now() - began) / 1000
  latencies.sort((a, b) => a - b)
  const at = (q) => latencies[Math.floor(latencies.length * q)]
  return { rate: latencies.length / seconds, p50: at(0.5), p99: at(0.99) }
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]
for (const writers of [1, 12]) {
  const results = { commit: [], bare: [] }
  await measure(commit, writers)
  await measure(bare, writers)
  for (let round = 0; round < rounds; round += 1) {
    results.commit.push(await measure(commit, writers))
    results.bare.push(await measure(bare, writers))
  }
  const of = (kind, key) => median(results[kind].map((one) => one[key]))
  for (const kind of ['commit', 'bare'])
    console.log(
      `${writers} writers, ${kind}: ${of(kind, 'rate').toFixed(0)}/s, p50 ${of(kind, 'p50').toFixed(2)} ms, p99 ${of(kind, 'p99').toFixed(2)} ms`,
    )
  console.log(`${writers} writers, ratio of rates: ${(of('commit', 'rate') / of('bare', 'rate')).toFixed(2)}`)
}
await pool.end()
await store.stop()
