// Runs every test, of the services, of the trainer, and of its parts that need PyTorch; ends with one line: `N passed, N failed`.
//
//   node scripts/test.mjs [--services | --trainer | --torch] [what to hand to that runner …]
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { countJunit, countVitest, verdict, withStatus } from './test-reports.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const trainer = join(root, 'apps/trainer')
const python = process.platform === 'win32' ? 'python' : 'python3'
const names = ['services', 'trainer', 'torch']
const only = names.find((name) => process.argv.includes(`--${name}`))
const rest = process.argv.slice(2).filter((word) => !names.some((name) => word === `--${name}`))
if (only === undefined && rest.length > 0) {
  console.error(
    `Which runner is ${rest.join(' ')} for? Say ${names.map((name) => `--${name}`).join(' or ')}.`,
  )
  process.exit(2)
}

/** Status and output of a program. Live, it has the terminal to itself; beside others its lines bear a name, or wait for the end. */
function run(program, options, { cwd = root, as = undefined, quiet = false } = {}) {
  return new Promise((resolve) => {
    const whole = as === undefined && !quiet
    const child = spawn(program, options, {
      cwd,
      // Python keeps what it says to a pipe for later.
      env: { ...process.env, PYTHONUNBUFFERED: '1' },
      stdio: whole ? 'inherit' : ['ignore', 'pipe', quiet ? 'inherit' : 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue
      stream.on('data', (bytes) => (output += bytes.toString()))
      if (!quiet) createInterface({ input: stream }).on('line', (line) => console.log(`${as} | ${line}`))
    }
    child.on('error', (error) => {
      console.error(`${program} could not be started: ${error.message}.`)
      resolve({ status: 1, output })
    })
    child.on('close', (status) => resolve({ status: status ?? 1, output }))
  })
}

const nothing = { passed: 0, failed: 0, skipped: 0 }
const readReport = async (file, count) => {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return text === undefined ? nothing : count(text)
}

/** Vitest's projects of these names. */
const projects =
  (...names) =>
  async (folder, as) => {
    const report = join(folder, ['vitest', ...names, 'json'].join('.'))
    const options = [
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...names.map((name) => `--project=${name}`),
      ...rest,
    ]
    const { status, output } = await run(join(root, 'node_modules/.bin/vitest'), options, { as })
    const counts = await readReport(report, (text) => countVitest(JSON.parse(text)))
    return { output, ...withStatus(counts, status) }
  }

/** The trainer's Python with all that its tests and examples need; made before any test asks for it. */
async function trainersPython() {
  const options = [join(trainer, 'scripts/bootstrap.py'), '--extra', 'examples', '--extra', 'dev']
  const { status, output } = await run(python, options, { quiet: true })
  return status === 0 ? output.trim().split('\n').at(-1) : undefined
}

/** Its tests start a broker with our engines where MIXDESK_KAFKA_BROKERS names none. */
async function testTrainer(folder, as) {
  if (!venv) return withStatus(nothing, 1)
  const report = join(folder, 'pytest.xml')
  const options = ['-m', 'pytest', `--junitxml=${report}`, ...rest]
  const { status, output } = await run(venv, options, { cwd: trainer, as })
  return { output, ...withStatus(await readReport(report, countJunit), status) }
}

/** In an environment of its own, which is made while others are tested: PyTorch is large, and nothing else needs it. */
async function testTorch(folder, as) {
  if ((await torch).status !== 0) return withStatus(nothing, 1)
  const report = join(folder, 'torch.xml')
  const { status, output } = await run(python, [torchCheck, '--junit', report, ...rest], { as })
  return { output, ...withStatus(await readReport(report, countJunit), status) }
}
const torchCheck = join(trainer, 'scripts/torch_check.py')
const makeTorch = () => run(python, [torchCheck, '--make'], { quiet: true })

const folder = await mkdtemp(join(tmpdir(), 'mixdesk-test-'))
const one = {
  services: { services: projects() },
  trainer: { trainer: testTrainer },
  torch: { torch: testTorch },
}[only]
/** What runs one after another, in each lane. Two of them fill two cores: each waits for its engines half of the time. */
const lanes = one
  ? [one]
  : [
      { 'units, engines': projects('unit', 'engines'), torch: testTorch },
      { trainer: testTrainer, 'flows, faults': projects('flows', 'faults') },
    ]
const venv = only === 'torch' ? undefined : await trainersPython()
const torch = only === undefined || only === 'torch' ? makeTorch() : undefined

async function suite(name, test) {
  const counts = await test(folder, one ? undefined : name).catch((error) => {
    console.error(error)
    return withStatus(nothing, 1)
  })
  console.log(`${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
  if (counts.passed + counts.failed === 0) console.log(`${name}: no test ran, which counts as a failure.`)
  return { name, ...counts }
}

async function lane(suites) {
  const counts = []
  for (const [name, test] of Object.entries(suites)) counts.push(await suite(name, test))
  return counts
}

const results = (await Promise.all(lanes.map(lane))).flat()
// What failed is at the end of what a runner says. Said again, for by now the other lane has said much more.
for (const { name, failed, output } of results)
  if (failed > 0 && output) console.log(`\n${name}, in its own words:\n${output.slice(-12_000).trimEnd()}`)
await rm(folder, { recursive: true, force: true })
const { line, ok } = verdict(results)
console.log(line)
process.exitCode = ok ? 0 : 1
