import { checkServer } from '@mixdesk/conformance'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import supertest from 'supertest'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { told, untried } from '../conformance/verdict.js'
import { eventually } from '../support/eventually.js'
import { decisionsOf, mixturesDecided } from '../support/history.js'
import { blocksUnder } from '../support/integrate-page.js'
import { freshRun, url } from './chapter.js'

const execute = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const has = (program: string) => spawnSync(program, ['-V'], { stdio: 'ignore' }).error === undefined
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mixdesk-integrate-'))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const shell = (script: string, environment: Record<string, string>) =>
  execute('bash', ['-euo', 'pipefail', '-c', script], {
    env: { PATH: process.env['PATH'], ...environment },
    timeout: 300_000,
  })

type Row = { status: string; step: number; version: number; counts: Record<string, number> }
/** The run as the server knows it once it has finished. */
const finished = (run: string, status: string) =>
  eventually(async () => {
    const { body } = (await supertest(url()).get(`/v1/runs/${run}`)) as { body: Row }
    return body.status === status && body
  }, `the run ${run} is ${status}`)

describe('docs/integrate.md', () => {
  it.skipIf(!has('kcat'))('tells the whole loop in kcat (skipped where kcat is not installed)', async () => {
    const run = freshRun('kcat')
    const { stdout } = await shell(blocksUnder('kcat', 'sh'), {
      RUN: run,
      BROKERS: inject('brokers').join(','),
    })
    expect(JSON.parse(stdout.split('\n')[0]!)).toMatchObject({ run, version: 1, weights: [0.5, 0.3, 0.2] })
    const row = await finished(run, 'completed')
    expect(row).toMatchObject({ step: 2, counts: { accepted: 3, acknowledgements: 2 } })
    expect(mixturesDecided(await decisionsOf(url(), run))).toHaveLength(2)
  })

  it('tells the whole loop in curl', async () => {
    const run = freshRun('curl')
    const { stdout } = await shell(blocksUnder('curl', 'sh'), { RUN: run, URL: url() })
    expect(stdout).toContain('{"accepted":1}')
    expect(stdout).toMatch(/"status":422,"detail":"losses\.measured: `step` should be /)
    const row = await finished(run, 'completed')
    expect(row).toMatchObject({ step: 2, counts: { accepted: 3, acknowledgements: 2 } })
    expect(mixturesDecided(await decisionsOf(url(), run))).toHaveLength(2)
  })

  it('tells the whole loop in TypeScript, which is sound in its types', async () => {
    const run = freshRun('kafkajs')
    const source = blocksUnder('TypeScript', 'ts')
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    await writeFile(join(folder, 'trainer.ts'), source)
    const options: ts.CompilerOptions = {
      strict: true,
      noUncheckedIndexedAccess: true,
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      skipLibCheck: true,
      types: ['node'],
      preserveSymlinks: true,
    }
    const program = ts.createProgram([join(folder, 'trainer.ts')], options)
    const faults = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
    expect(faults).toEqual([])
    program.emit()
    // Training that is over before the first answers have come proves little: these steps take until they are there.
    const file = join(folder, 'trainer.js')
    const written = await readFile(file, 'utf8')
    const training = 'await delay(5);'
    expect(written.split(training)).toHaveLength(2)
    const waits = 'while ((step === 1 && seen < 1) || (step === 60 && seen < 2)) await delay(5);'
    await writeFile(file, written.replace(training, `${training} ${waits}`))
    await execute(process.execPath, ['trainer.js'], {
      cwd: folder,
      env: {
        ...process.env,
        MIXDESK_RUN: run,
        MIXDESK_KAFKA_BROKERS: inject('brokers').join(','),
        STEPS: '200',
      },
    })
    const row = await finished(run, 'completed')
    expect(row).toMatchObject({ step: 199, counts: { accepted: 200 } })
    expect(row.counts['acknowledgements']).toBeGreaterThan(1)
  })
})

/** The kit's own wait for an answer suits a server that has a machine to itself. */
const patienceMs = 120_000

describe('the conformance kit', () => {
  it('finds nothing wrong with this server over Kafka and HTTP, and tries every rule', async () => {
    const report = await checkServer({
      prefix: freshRun('kit'),
      brokers: inject('brokers'),
      url: url(),
      patienceMs,
    })
    expect(told(report)).toEqual([])
    expect(untried(report)).toEqual([])
    expect(report).toMatchObject({ ok: true, broken: 0, warnings: 0, transports: ['kafka', 'http'] })
  })

  it('finds nothing wrong with it over HTTP alone', async () => {
    const report = await checkServer({ prefix: freshRun('kit-http'), url: url(), patienceMs })
    expect(told(report)).toEqual([])
    expect(report).toMatchObject({ ok: true, transports: ['http'] })
  })

  it('is a command that says what it found, and ends with status 0', async () => {
    const { stdout } = await execute(
      process.execPath,
      [
        join(root, 'apps/cli/bin/mixdesk.cjs'),
        ...['conformance', 'server', '--server', url(), '--brokers', inject('brokers').join(','), '--json'],
        ...['--patience', String(patienceMs / 1000)],
      ],
      { cwd: folder },
    )
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, checked: 'server', broken: 0 })
  })
})
