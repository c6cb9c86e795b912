// Measures what docs/design promises, each number beside the bare engine in the same run, and writes docs/benchmarks.md.
// Usage: npm run bench -- [--quick] [--only NAME]…
import { parseArgs } from 'node:util'
import { ingest } from './ingest.bench.mjs'
import { writePage } from './support/page.mjs'
import { machine, versions } from './support/machine.mjs'
import { startStand } from './support/stand.mjs'
import { printResult } from './support/table.mjs'

const benchmarks = [ingest]

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
  },
})
const unknown = options.only.filter((name) => !benchmarks.some((one) => one.name === name))
if (unknown.length > 0) {
  console.error(
    `There is no benchmark ${unknown.join(', ')}; there are: ${benchmarks.map((one) => one.name).join(', ')}.`,
  )
  process.exit(2)
}
const chosen = benchmarks.filter(({ name }) => options.only.length === 0 || options.only.includes(name))

const began = performance.now()
const { quick } = options
const about = { ...machine(), quick, command: ['npm run bench', ...process.argv.slice(2)].join(' -- ') }
const stand = await startStand()
const results = []
try {
  Object.assign(about, { versions: await versions(stand) })
  for (const benchmark of chosen) {
    const say = (line) => console.error(`  ${benchmark.name}: ${line}`)
    const from = performance.now()
    const result = await benchmark.run({ stand, quick, say })
    results.push({ ...benchmark, ...result, seconds: (performance.now() - from) / 1000 })
    printResult(results.at(-1))
  }
} finally {
  await stand.stop()
}
const seconds = (performance.now() - began) / 1000
// Part of it, or small sizes, says too little to be kept.
if (!quick && chosen.length === benchmarks.length) writePage({ about, results, seconds })
const missed = results.flatMap(({ name, goals }) =>
  goals.filter(({ met }) => !met).map(({ goal, value }) => `${name}: ${goal} (${value})`),
)
console.log(
  `${Math.round(seconds)} s; ${missed.length === 0 ? 'all goals met' : `missed: ${missed.join('; ')}`}`,
)
