// Measures what the project promises of its speed, each number beside the bare engine in the same run, and writes docs/benchmarks.md.
// Usage: npm run bench -- [--quick] [--only NAME]… [--profile FOLDER] [--page FILE]
// With --profile it measures nothing, and leaves CPU profiles of the server in the folder.
// The page is written when everything was measured at full size; --page writes it elsewhere, whatever was measured.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { clientMemory } from './client-memory.bench.mjs'
import { commits } from './commits.bench.mjs'
import { firstBatch } from './first-batch.bench.mjs'
import { ingest } from './ingest.bench.mjs'
import { latency } from './latency.bench.mjs'
import { memory } from './memory.bench.mjs'
import { policySteps } from './policies.bench.mjs'
import { replay } from './replay.bench.mjs'
import { reporting } from './reporting.bench.mjs'
import { throughput } from './throughput.bench.mjs'
import { trainerCalls } from './trainer.bench.mjs'
import { weightChange } from './weight-change.bench.mjs'
import { writePage } from './support/page.mjs'
import { machine, versions } from './support/machine.mjs'
import { topFunctions } from './support/profile.mjs'
import { startStand } from './support/stand.mjs'
import { printProfile, printResult } from './support/table.mjs'

const benchmarks = [
  latency,
  ingest,
  policySteps,
  trainerCalls,
  reporting,
  throughput,
  firstBatch,
  weightChange,
  clientMemory,
  memory,
  replay,
  commits,
]

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    profile: { type: 'string' },
    page: { type: 'string' },
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
const about = { ...machine(), quick }
// What measures nothing but itself needs no engines.
const stand = chosen.every(({ alone }) => alone) ? undefined : await startStand()
const results = []
try {
  if (stand !== undefined) Object.assign(about, { versions: await versions(stand) })
  for (const benchmark of chosen) {
    const say = (line) => console.error(`  ${benchmark.name}: ${line}`)
    const folder = join(options.profile ?? stand?.home ?? '', `profile-${benchmark.name}`)
    const profile = async () => {
      if (benchmark.profile === undefined) return undefined
      const { note } = await benchmark.profile({ stand, quick, folder })
      return { note, ...topFunctions(folder) }
    }
    if (options.profile !== undefined) {
      const profiled = await profile()
      if (profiled !== undefined) printProfile(benchmark.title, profiled)
      continue
    }
    const from = performance.now()
    const result = await benchmark.run({ stand, quick, say })
    // Where a goal is missed, the page has to say why.
    if (result.goals.some(({ met }) => !met)) result.profile = await profile()
    results.push({ ...benchmark, profile: undefined, ...result, seconds: (performance.now() - from) / 1000 })
    printResult(results.at(-1))
  }
} finally {
  await stand?.stop()
}
const seconds = (performance.now() - began) / 1000
// Part of it, or small sizes, says too little to stand in the documentation.
const whole = !quick && options.profile === undefined && chosen.length === benchmarks.length
const page =
  options.page ?? (whole ? fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url)) : undefined)
if (page !== undefined) await writePage(page, { about, results, seconds })
const missed = results.flatMap(({ name, goals }) =>
  goals.filter(({ met }) => !met).map(({ goal, value }) => `${name}: ${goal} (${value})`),
)
console.log(
  `${Math.round(seconds)} s; ${missed.length === 0 ? 'all goals met' : `missed: ${missed.join('; ')}`}`,
)
