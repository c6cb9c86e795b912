// Trains small language models under the policies that losses can drive, through real Kafka and the real server, and writes docs/study.md.
// Usage: npm run study [-- --seeds N] [--policies NAME,NAME] [--quick] [--docs FOLDER] [--python PATH] [--report-only | --check]
// Interrupted, it goes on where it was. --quick writes below .mixdesk/study unless --docs says where; --check says whether the page is current.
import { findPolicy } from '@mixdesk/policies'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { machine, versions } from '../test/bench/support/machine.mjs'
import { startStand } from '../test/bench/support/stand.mjs'
import { studyPages } from './study/page.mjs'
import { fullSize, planStudy, quickSize, studied } from './study/plan.mjs'
import { differences, readResults, writeResults } from './study/results.mjs'
import { runStudy } from './study/run.mjs'
import { describeCorpus, pythonWithTorch, stopTrainings } from './study/training.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string' },
    policies: { type: 'string', default: studied.join(',') },
    quick: { type: 'boolean', default: false },
    docs: { type: 'string' },
    python: { type: 'string' },
    'report-only': { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
})
const give = (sentence) => {
  console.error(sentence)
  process.exit(2)
}
const { quick } = options
const policies = options.policies.split(',')
const unknown = policies.filter((name) => !studied.includes(name))
if (unknown.length > 0) give(`The study has no ${unknown.join(', ')}; it has: ${studied.join(', ')}.`)
const seeds = Number(options.seeds ?? (quick ? 2 : 5))
if (!Number.isInteger(seeds) || seeds < 1 || seeds > 31)
  give('--seeds should be a whole number from 1 to 31.')

const folder = join(root, '.mixdesk', 'study', quick ? 'quick' : 'full')
const docs = resolve(options.docs ?? (quick ? folder : join(root, 'docs')))
const file = join(docs, 'study', 'results.json')

async function writePages(results) {
  for (const [path, text] of await studyPages(results)) {
    await mkdir(join(docs, 'study'), { recursive: true })
    await writeFile(join(docs, path), text)
  }
  console.log(`The page is ${join(docs, 'study.md')}.`)
}

const begun = await readResults(file)
if (options.check || options['report-only']) {
  if (begun === undefined) give(`There are no results at ${file}: run "npm run study" first.`)
  if (options['report-only']) await writePages(begun)
  else
    for (const [path, text] of await studyPages(begun))
      if ((await readFile(join(docs, path), 'utf8').catch(() => undefined)) !== text)
        give(`docs/${path} differs from the results. Run: npm run study -- --report-only`)
  process.exit(0)
}

const say = (line) => console.error(line)
const size = quick ? quickSize : fullSize
await mkdir(folder, { recursive: true })
const python = options.python ?? (await pythonWithTorch(say))
const data = join(folder, 'tokens.pt')
say('The texts are gathered')
const { versions: trainers, ...corpus } = await describeCorpus({ python, data, size })
const about = {
  size,
  corpus,
  policies: Object.fromEntries(['uniform', ...policies].map((name) => [name, findPolicy(name).version])),
}
if (begun !== undefined) {
  const differing = differences(begun, about)
  if (differing.length > 0)
    give(
      `${file} is from another study: ${differing.join(' and ')} differ. Move it away, or name another folder with --docs.`,
    )
}

const from = performance.now()
const stand = await startStand()
const results = {
  ...about,
  policies: { ...begun?.policies, ...about.policies },
  machine: machineOf(),
  versions: {},
  seconds: 0,
  ...(begun?.graph === undefined ? {} : { graph: begun.graph }),
  runs: begun?.runs ?? {},
}
let stopping = false
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    if (!stopping) say('Stopping; what is done is kept.')
    stopping = true
    stopTrainings()
  })
try {
  const { version: mixdesk } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  results.versions = { ...(await versions(stand)), ...trainers, mixdesk }
  const server = await stand.startServer()
  const names = corpus.domains.map(({ name }) => name)
  const jobs = planStudy({ policies, seeds: Array.from({ length: seeds }, (_, i) => i + 1), names })
  const before = begun?.seconds ?? 0
  await runStudy({
    jobs,
    size,
    results,
    stand: { python, brokers: stand.brokers.join(','), server, data, folder },
    say,
    stopped: () => stopping,
    keep: () => writeResults(file, { ...results, seconds: before + (performance.now() - from) / 1000 }),
  })
} finally {
  // After a failure the other training is still under way.
  stopTrainings()
  await stand.stop()
}
if (stopping) process.exit(130)
await writePages(await readResults(file))

function machineOf() {
  const { load: _load, ...rest } = machine()
  return rest
}
