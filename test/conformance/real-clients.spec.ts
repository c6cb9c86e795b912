import type { Report } from '@mixdesk/conformance'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksUnder } from '../support/integrate-page.js'
import { told } from './verdict.js'

const execute = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mixdesk-clients-'))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The kit as a command, with a broker of its own, on a client as a program. */
async function conformance(options: readonly string[], client: readonly string[]) {
  const args = [join(root, 'apps/cli/bin/mixdesk.cjs'), 'conformance', 'client', ...options, '--', ...client]
  const ended = execute(process.execPath, args, { cwd: folder, maxBuffer: 1 << 26 })
  return ended.then(
    ({ stdout, stderr }) => ({ status: 0, stdout, stderr }),
    (error: unknown) => {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
      return { status: code, stdout, stderr }
    },
  )
}
/** What must-rules found; whether a should-rule warns is the client's own affair. */
const faults = ({ results, ...report }: Report) =>
  told({ ...report, results: results.filter(({ level }) => level === 'must') })

const pythonClient = `
import os, time
import mixdesk

run = mixdesk.start(os.environ["MIXDESK_RUN"], project="conformance", domains=["web", "code", "books"], policy="odm")
for step in range(50_000):
    mixture = run.boundary(step)
    if run.should_stop:
        break
    tokens = [round(weight * 4096) for weight in mixture.weights]
    run.log_losses(step, [2.5 * count for count in tokens], tokens)
    time.sleep(0.005)
run.finish("stopped")
`

// Room for a broker, a client and the patience of the kit, one after the other, on a busy machine.
describe('mixdesk conformance client', { timeout: 240_000 }, () => {
  it('finds nothing wrong with the kafkajs trainer of docs/integrate.md', async () => {
    const { outputText } = ts.transpileModule(blocksUnder('TypeScript', 'ts'), {
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
    })
    await writeFile(join(folder, 'trainer.mjs'), outputText)
    const { status, stdout, stderr } = await conformance(
      ['--run', 'docs-1', '--json'],
      [process.execPath, 'trainer.mjs'],
    )
    const report = JSON.parse(stdout) as Report
    expect(faults(report), stderr).toEqual([])
    expect([status, report.ok]).toEqual([0, true])
  })

  it.each([
    ['Kafka', []],
    ['HTTP', ['--http']],
  ])('finds nothing wrong with the Python client over %s', async (_, options) => {
    const python = join(root, 'apps/trainer/.venv/bin/python')
    await writeFile(join(folder, 'trainer.py'), pythonClient)
    const { status, stdout, stderr } = await conformance(
      ['--run', 'python-1', '--json', ...options],
      [python, 'trainer.py'],
    )
    const report = JSON.parse(stdout) as Report
    expect(faults(report), stderr).toEqual([])
    expect([status, report.ok]).toEqual([0, true])
  })

  it('says of a client that does not speak at all what was missing, in text, with status 1', async () => {
    const { status, stdout, stderr } = await conformance(
      ['--run', 'silent-1', '--http', '--patience', '2'],
      [process.execPath, '-e', '0'],
    )
    expect(status).toBe(1)
    expect(stdout).toMatch(
      /broken {2}start\.first: .*\n {8}at the end: expected run\.started; got none in 0 events/,
    )
    expect(stdout).toMatch(/fix: send run\.started.* \(docs\/integrate\.md#the-loop\)/)
    expect(stderr.trim().split('\n').at(-1)).toBe('The client of silent-1 does not conform.')
  })

  it('says so when the client cannot be started', async () => {
    const { status, stdout, stderr } = await conformance(['--run', 'x', '--http'], ['./no-such-program'])
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain('The client could not be started')
  })
})
