// Bare chDB takes rows, made beforehand in the shape that the server's history has: {prepare: shape}, then {go: true}.
import { Session } from 'chdb'
import { readFileSync } from 'node:fs'
import { serve } from '../support/child.mjs'
import { firstStep, lossesOf, runNamed } from '../support/wire.mjs'

const rowsABlock = 10_000
const columns = [
  ...['project', 'run', 'attempt', 'step', 'rank', 'mixture_version'],
  ...[
    'packed_domains',
    'packed_tokens',
    'packed_loss_sum',
    'packed_sequences',
    'signal_names',
    'packed_signals',
  ],
  ...['time_ms', 'partition', 'offset'],
]
const settings = {
  async_insert: 0,
  input_format_parallel_parsing: 0,
  max_insert_block_size: 1_048_576,
  min_insert_block_size_rows: 1_048_576,
  min_insert_block_size_bytes: 1_073_741_824,
}
const packed = (numbers) => Buffer.from(Float64Array.from(numbers).buffer).toString('base64')

serve(async ({ path }) => {
  const session = new Session(path)
  const table = readFileSync(
    new URL('../../../migrations/clickhouse/0001_observations.sql', import.meta.url),
    'utf8',
  )
  await session.queryAsync('CREATE DATABASE IF NOT EXISTS bench ENGINE = Atomic')
  await session.queryAsync('USE bench')
  await session.queryAsync(table)
  let blocks = []
  let rows = 0

  function prepare(shape) {
    const { prefix, runs, ranks, steps, domains } = shape
    const indices = Buffer.from(Uint16Array.from({ length: domains }, (_, i) => i).buffer).toString('base64')
    blocks = []
    rows = 0
    let lines = []
    const flush = () => {
      if (lines.length > 0) blocks.push(Buffer.from(lines.join('')))
      lines = []
    }
    for (let step = firstStep; step < firstStep + steps; step++)
      for (let index = 0; index < runs; index++)
        for (let rank = 0; rank < ranks; rank++) {
          const run = runNamed(prefix, index)
          const { mixtureVersion, tokens, lossSum } = lossesOf(run, shape, step, rank)
          lines.push(
            `["bench","${run}",1,${step},${rank},${mixtureVersion},"${indices}","${packed(tokens)}","${packed(lossSum)}","",[],[],${Date.now()},${index % 12},${rows}]\n`,
          )
          rows++
          if (lines.length === rowsABlock) flush()
        }
    flush()
    return { rows }
  }

  async function go() {
    const began = performance.now()
    const cpu = process.cpuUsage()
    for (const values of blocks)
      await session.insert({ table: 'observations', columns, settings, values, format: 'JSONCompactEachRow' })
    const seconds = (performance.now() - began) / 1000
    const { user, system } = process.cpuUsage(cpu)
    blocks = []
    return { rows, seconds, cpuSeconds: (user + system) / 1e6 }
  }

  return {
    handle: (question) => (question.prepare === undefined ? go() : prepare(question.prepare)),
    stop: () => session.close(),
  }
})
