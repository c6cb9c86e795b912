// Runs every test, of the services, of the trainer, and of its parts that need PyTorch; ends with one line: `N passed, N failed`.
//
//   node scripts/test.mjs [--services | --trainer | --torch] [what to hand to that runner …]
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { countJunit, countVitest, verdict, withStatus } from './test-reports.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const trainer = join(root, 'apps/trainer')
const python = process.platform === 'win32' ? 'python' : 'python3'
const names = ['services', 'trainer', 'torch']
const only = names.find((name) => process.argv.includes(`--${name}`))
const rest = process.argv.slice(2).filter((word) => !names.some((name) => word === `--${name}`))

/** Status and standard output of a program; what it says besides goes to the terminal. */
function run(program, options, { cwd = root, capture = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, options, {
      cwd,
      stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
    })
    let output = ''
    child.stdout?.on('data', (bytes) => (output += bytes.toString()))
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

async function testServices(folder) {
  const report = join(folder, 'vitest.json')
  const { status } = await run(join(root, 'node_modules/.bin/vitest'), [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...(only === 'services' ? rest : []),
  ])
  return withStatus(await readReport(report, (text) => countVitest(JSON.parse(text))), status)
}

/** The trainer's Python with all that its tests and examples need; made before any test asks for it. */
async function trainersPython() {
  const options = [join(trainer, 'scripts/bootstrap.py'), '--extra', 'examples', '--extra', 'dev']
  const { status, output } = await run(python, options, { capture: true })
  return status === 0 ? output.trim().split('\n').at(-1) : undefined
}

/** Its tests start a broker with our engines where MIXDESK_KAFKA_BROKERS names none. */
async function testTrainer(folder, venv) {
  if (!venv) return withStatus(nothing, 1)
  const report = join(folder, 'pytest.xml')
  const options = ['-m', 'pytest', `--junitxml=${report}`, ...(only === 'trainer' ? rest : [])]
  const { status } = await run(venv, options, { cwd: trainer })
  return withStatus(await readReport(report, countJunit), status)
}

/** In an environment of its own, which is made while the services are tested: PyTorch is large, and nothing else needs it. */
async function testTorch(folder, _venv, made) {
  if ((await made).status !== 0) return withStatus(nothing, 1)
  const report = join(folder, 'torch.xml')
  const script = join(trainer, 'scripts/torch_check.py')
  // Told at the end, for it runs beside another suite.
  const { status, output } = await run(
    python,
    [script, '--junit', report, ...(only === 'torch' ? rest : [])],
    {
      capture: only === undefined,
    },
  )
  process.stdout.write(output)
  return withStatus(await readReport(report, countJunit), status)
}
const makeTorch = () => run(python, [join(trainer, 'scripts/torch_check.py'), '--make'], { capture: true })

const folder = await mkdtemp(join(tmpdir(), 'mixdesk-test-'))
const suites = { services: testServices, trainer: testTrainer, torch: testTorch }
const chosen = Object.keys(suites).filter((name) => only === undefined || only === name)
const venv = only === 'torch' ? undefined : await trainersPython()
const torch = chosen.includes('torch') ? makeTorch() : undefined

async function suite(name) {
  const counts = await suites[name](folder, venv, torch).catch((error) => {
    console.error(error)
    return withStatus(nothing, 1)
  })
  console.log(`${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
  if (counts.passed + counts.failed === 0) console.log(`${name}: no test ran, which counts as a failure.`)
  return counts
}

// The services keep two cores busy; those of the trainer wait for processes most of the time, and share them.
const results = chosen.includes('services') ? [await suite('services')] : []
results.push(...(await Promise.all(chosen.filter((name) => name !== 'services').map(suite))))
await rm(folder, { recursive: true, force: true })
const { line, ok } = verdict(results)
console.log(line)
process.exitCode = ok ? 0 : 1
