// All that can be known without running the code: one line a check, and what a failing one said.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tool = (name) => `node_modules/.bin/${name}`
const node = process.execPath
const python = process.platform === 'win32' ? 'python' : 'python3'

// The build comes first: the generator reads it.
const first = [{ name: 'types', command: [tool('tsc'), '-b'] }]
const then = [
  { name: 'lint', command: [tool('eslint'), '.', '--max-warnings', '0'] },
  { name: 'types of tests', command: [tool('tsc'), '-p', 'tsconfig.test.json'] },
  { name: 'format', command: [tool('prettier'), '--check', '--log-level', 'warn', '.'] },
  { name: 'unused code', command: [tool('knip'), '--no-progress', '--no-config-hints'] },
  { name: 'lock file', command: [node, 'scripts/fix-lock.mjs', '--check'] },
  { name: 'generated files', command: [node, 'scripts/generate-docs.mjs', '--check'] },
  ...(existsSync(`${root}/apps/trainer/scripts/check.py`)
    ? [{ name: 'trainer', command: [python, 'apps/trainer/scripts/check.py', '--no-tests'] }]
    : []),
]

const unknown = process.argv
  .slice(2)
  .filter((name) => ![...first, ...then].some((check) => check.name === name))
if (unknown.length > 0) {
  console.error(
    `There is no check ${unknown.join(', ')}; there are: ${[...first, ...then].map(({ name }) => name).join(', ')}.`,
  )
  process.exit(2)
}
const wanted = ({ name }) => process.argv.length === 2 || process.argv.slice(2).includes(name)

function run({ name, command: [program, ...options] }) {
  const began = performance.now()
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(program, options, {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const take = (bytes) => (output += bytes.toString())
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', (error) => end(`${program} could not be started: ${error.message}. Run: npm ci`, false))
    child.on('close', (status) => end(output, status === 0))
    function end(said, ok) {
      const seconds = ((performance.now() - began) / 1000).toFixed(1)
      console.log(`${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(16)} ${seconds.padStart(6)} s`)
      if (!ok) console.log(said.trimEnd().replace(/^/gm, '       '))
      resolve(ok)
    }
  })
}

/** Runs checks, so many at a time; true where all passed. */
async function runAll(checks, atOnce) {
  const queue = [...checks]
  let passed = true
  const worker = async () => {
    for (let check = queue.shift(); check !== undefined; check = queue.shift())
      if (!(await run(check))) passed = false
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return passed
}

const built = await runAll(first.filter(wanted), 1)
const passed = await runAll(then.filter(wanted), Math.min(4, availableParallelism()))
if (!(built && passed)) process.exitCode = 1
