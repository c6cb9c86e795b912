import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { newFolder, occupy, processesOf, wipe } from '../engines/support.js'
import { eventually } from '../support/eventually.js'
import { askSql, decisionsOf } from '../support/history.js'

// A test starts the command several times, and each time that takes a while on a slow machine.
vi.setConfig({ testTimeout: 600_000 })

const bin = fileURLToPath(new URL('../../apps/cli/bin/mixdesk.cjs', import.meta.url))
const run = 'cli-flow'
const domains = ['web', 'code', 'books']

type Ended = { status: number | null; stdout: string; stderr: string }
type Started = { child: ChildProcess; url: string; ended: Promise<Ended> }

let home: string
let started: Started

/** The CLI as people run it; what only this machine's shell knows is left out. */
function mixdesk(
  args: readonly string[],
  environment: Record<string, string> = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('MIXDESK_')))
  const child = spawn(process.execPath, [bin, ...args], {
    env: { ...env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => (stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  return {
    child,
    ended: once(child, 'close').then(([status]) => ({ status: status as number | null, stdout, stderr })),
  }
}
const ask = (...args: string[]): Promise<Ended> => mixdesk(['--home', home, ...args]).ended
const json = async <T>(...args: string[]): Promise<T> =>
  JSON.parse((await ask(...args, '--json')).stdout) as T

/** Starts engines and server on free ports; resolves when it says that it is up. */
async function start(): Promise<Started> {
  // A killed process leaves its seats in the consumer groups taken until the session is over.
  const settings = { MIXDESK_PORT: '0', MIXDESK_KAFKA_SESSION_TIMEOUT_MS: '6000' }
  const { child, ended } = mixdesk(['start', '--json', '--home', home], settings)
  let said = ''
  const up = new Promise<string>((resolve) => {
    child.stdout!.on('data', (chunk) => {
      said += String(chunk)
      if (said.includes('\n}\n')) resolve(said)
    })
  })
  const early = ended.then(({ status, stderr }) =>
    Promise.reject(new Error(`mixdesk start ended with status ${status}: ${stderr}`)),
  )
  early.catch(() => undefined)
  const { url } = JSON.parse(await Promise.race([up, early])) as { url: string }
  return { child, url, ended }
}

/** A little training over HTTP: a start, thirty steps, and an end where wanted. */
async function train(name: string, finish: boolean): Promise<void> {
  const event = (type: string, data: object, id: string) => ({
    specversion: '1.0',
    id,
    source: 'test',
    type: `mixdesk.${type}.v1`,
    data: { run: name, attempt: 1, ...data },
  })
  const losses = (step: number) =>
    [3 - step / 40, 2.5 - step / 100, 2.8 - step / 60].map((loss) => loss * 100)
  const events = [
    event(
      'run.started',
      {
        project: 'flows',
        domains: domains.map((domain) => ({ name: domain })),
        policy: { name: 'odm' },
        ranks: 1,
        cadence: 5,
      },
      's',
    ),
    ...Array.from({ length: 30 }, (_, step) =>
      event(
        'losses.measured',
        {
          step,
          rank: 0,
          mixtureVersion: 0,
          tokens: [100, 100, 100],
          lossSum: losses(step),
          sequences: [1, 1, 1],
        },
        `l${step}`,
      ),
    ),
    ...(finish ? [event('run.finished', { step: 29, status: 'completed' }, 'f')] : []),
  ]
  const response = await fetch(`${started.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
  })
  expect(await response.json()).toEqual({ accepted: events.length })
  await eventually(async () => {
    const found = (await (await fetch(`${started.url}/v1/runs/${name}`)).json()) as {
      step?: number
      status?: string
    }
    return found.step === 29 && found.status === (finish ? 'completed' : 'running')
  }, `the last step of ${name}`)
  // The history is written behind: the reports, and beside them the names of the domains.
  const counts = `(SELECT count() FROM losses WHERE run = '${name}' AND domain IN ('${domains.join("','")}')),
    (SELECT count() FROM run_events FINAL WHERE run = '${name}')`
  await eventually(async () => {
    const [[losses, rest] = []] = await askSql(started.url, `SELECT ${counts}`)
    return Number(losses) === 90 && Number(rest) === (finish ? 2 : 1)
  }, `all reports of ${name} in the history`)
}

/** Asks something of a run. What the ledger answers later than the server waits for it is found there. */
async function request(type: string, says: string, what: string, ...args: string[]): Promise<void> {
  const { status, stdout } = await ask(what, 'cli-live', ...args)
  expect(status).toBe(0)
  if (stdout.includes('has not answered yet'))
    await eventually(
      async () => (await decisionsOf(started.url, 'cli-live')).some((fact) => fact.type === type),
      `the answer to ${what}`,
    )
  else expect(stdout).toContain(says)
}

beforeAll(async () => {
  home = await newFolder()
  started = await start()
  await train(run, true)
})
afterAll(async () => {
  started?.child.kill('SIGKILL')
  await wipe(home)
})

describe('the command line', () => {
  it('lists runs, as a table that fits and as JSON', async () => {
    const { status, stdout } = await mixdesk(['runs', '--home', home], { COLUMNS: '60' }).ended
    expect(status).toBe(0)
    expect(stdout).toMatch(/^run .*status/)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60)
    const { runs } = await json<{ runs: { run: string; status: string }[] }>('runs', '--project', 'flows')
    expect(runs).toMatchObject([{ run, status: 'completed' }])
    expect((await ask('runs', '--search', 'no such thing')).stdout).toContain('There is no such run')
  })

  it('shows a run with its mixture and the reasons of its decisions', async () => {
    const { status, stdout } = await ask('show', run)
    expect(status).toBe(0)
    for (const part of [run, 'completed', 'odm', 'Mixture v', ...domains, '█', 'Last decisions', '→'])
      expect(stdout).toContain(part)
    const shown = await json<{ mixture: { weights: number[] }; decisions: unknown[]; losses: unknown[] }>(
      'show',
      run,
      '--decisions',
      '3',
    )
    expect(shown.mixture.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9)
    expect([shown.decisions.length, shown.losses.length]).toEqual([3, 3])
  })

  it('tells the story of a run that has ended, and ends', async () => {
    const { status, stdout } = await ask('tail', run, '--json')
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; step?: number })
    expect(status).toBe(0)
    expect(lines.at(-2)).toMatchObject({ kind: 'losses', step: 29 })
    expect(lines.at(-1)).toMatchObject({ kind: 'ended', status: 'completed' })
  })

  it('answers SQL, cut to the rows asked for', async () => {
    const select =
      "SELECT domain, count() AS steps FROM losses WHERE run = 'cli-flow' GROUP BY domain ORDER BY domain"
    const { status, stdout, stderr } = await ask('sql', select)
    expect([
      status,
      stdout
        .split('\n')
        .slice(2, 5)
        .map((line) => line.split(/\s+/)),
    ]).toEqual([
      0,
      [
        ['books', '30'],
        ['code', '30'],
        ['web', '30'],
      ],
    ])
    expect(stderr).toContain('3 rows')
    expect(await json('sql', select, '--max-rows', '1')).toMatchObject({
      truncated: true,
      rows: [['books', expect.anything()]],
    })
  })

  it('proves the decisions of a run, and asks another policy what it would have done', async () => {
    const same = await ask('replay', run)
    expect([same.status, same.stdout]).toEqual([0, expect.stringMatching(/^identical /)])
    const other = await ask(
      'replay',
      run,
      '--policy',
      'static',
      '--set',
      'weights={"web":0.5,"code":0.25,"books":0.25}',
    )
    expect([other.stderr, other.status]).toEqual([expect.not.stringContaining('should'), 0])
    expect(other.stdout).toContain('→ 50')
  })

  it('freezes, overrides and thaws a run', async () => {
    await train('cli-live', false)
    const because = ['--because', 'a look first', '--by', 'ana']
    await request('MixtureFrozen', 'ana froze the mixture: a look first', 'freeze', ...because)
    await request('MixtureOverridden', 'set the mixture', 'override', 'web=2', 'code=1', 'books=1')
    expect(await json('show', 'cli-live')).toMatchObject({
      run: { frozen: true },
      mixture: { weights: [0.5, 0.25, 0.25] },
    })
    await request('MixtureThawed', 'let the policy decide again', 'thaw')
    expect(await ask('thaw', 'cli-live')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('not frozen'),
    })
    expect(await ask('override', 'cli-live', 'web=1')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Missing: code, books'),
    })
  })

  it('uploads what was recorded, once however often, and tells of what cannot be sent', async () => {
    const name = 'cli-recorded'
    const event = (type: string, data: object, id: string) =>
      JSON.stringify({
        specversion: '1.0',
        id,
        source: 'test',
        type: `mixdesk.${type}.v1`,
        data: { run: name, attempt: 1, ...data },
      })
    const settings = { project: 'recorded', policy: { name: 'odm' }, ranks: 1, cadence: 5 }
    const lines = [
      event('run.started', { ...settings, domains: domains.map((domain) => ({ name: domain })) }, 's'),
      ...Array.from({ length: 700 }, (_, step) =>
        event(
          'losses.measured',
          { step, rank: 0, mixtureVersion: 0, tokens: [1, 1, 1], lossSum: [3, 2, 1] },
          `l${step}`,
        ),
      ),
    ]
    const folder = join(home, 'recorded')
    await mkdir(folder)
    const file = join(folder, 'run.jsonl.gz')
    await writeFile(file, gzipSync(`${lines.join('\n')}\n`))
    for (const remove of [[], ['--remove']])
      expect(await json('upload', folder, ...remove)).toEqual({
        sent: 701,
        files: 1,
        broken: 0,
        refused: 0,
        removed: remove.length,
      })
    expect(existsSync(file)).toBe(false)
    const steps = `SELECT count(), uniqExact(step) FROM losses WHERE run = '${name}'`
    await eventually(
      async () => (await json<{ rows: number[][] }>('sql', steps)).rows[0]?.[0] === 2100,
      'what was uploaded in the history',
    )
    expect(await json('sql', steps)).toMatchObject({ rows: [[2100, 700]] })

    const odd = join(folder, 'odd.jsonl')
    const wrong = event(
      'losses.measured',
      { step: 700, rank: 0, mixtureVersion: 0, tokens: [1], lossSum: [1] },
      'w',
    )
    await writeFile(odd, ['oops', lines[5], wrong, lines[6]!.slice(0, -9)].join('\n'))
    const refused = await ask('upload', odd)
    expect([refused.status, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toContain(`${odd}, line 1 is not JSON`)
    expect(refused.stderr).toContain(`${odd}, line 4 is cut off`)
    expect(refused.stderr).toContain('1 line cannot be sent, so nothing was; --skip-bad sends the other 2.')
    const skipped = await ask('upload', odd, '--skip-bad')
    expect([skipped.status, skipped.stdout]).toEqual([
      0,
      '1 report sent from 1 file; 1 broken line skipped; 1 refused\n',
    ])
    expect(skipped.stderr).toContain(`${odd}, line 3 was not taken: `)

    const spool = join(folder, 'a-run.0001.r00000.0123abcd.')
    await Promise.all([writeFile(`${spool}000000.jsonl`, lines[0]!), writeFile(`${spool}lock`, '')])
    expect((await ask('upload', `${spool}000000.jsonl`)).stderr).toContain('may be going on')
  })

  it('finds everything in order', async () => {
    // A busy machine may be late with an answer, and then that is what the doctor finds.
    const { status, stdout } = await eventually(async () => {
      const ended = await ask('doctor', '--json')
      if (ended.status !== 0) throw new Error(ended.stdout + ended.stderr)
      return ended
    }, 'a doctor with nothing to say')
    const report = JSON.parse(stdout) as { ok: boolean; findings: { name: string; ok: boolean }[] }
    expect(report.findings.filter((finding) => !finding.ok)).toEqual([])
    expect([status, report.ok]).toEqual([0, true])
    expect(report.findings.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['Kafka', 'PostgreSQL', 'server', 'lag of mixdesk-history']),
    )
  })
})

describe('what goes wrong', () => {
  const oneSentence = (ended: Ended, part: string): void => {
    expect([ended.status, ended.stdout]).toEqual([1, ''])
    expect(ended.stderr).toContain(part)
    expect(ended.stderr.trim().split('\n')).toHaveLength(1)
  }

  it('is told in one sentence', async () => {
    oneSentence(await ask('show', 'nobody'), 'There is no run "nobody"')
    oneSentence(await ask('sql', 'DROP TABLE observations'), '')
    oneSentence(await ask('replay', run, '--policy', 'nonsense'), 'nonsense')
    oneSentence(await mixdesk(['runs', '--server', 'http://127.0.0.1:9']).ended, 'mixdesk start')
    oneSentence(await mixdesk(['runs', '--server', 'ftp://x']).ended, 'should look like')
  })

  it('fails the doctor, with what to do about it', async () => {
    const { status, stdout } = await mixdesk(
      ['doctor', '--server', 'http://127.0.0.1:9', '--home', join(home, 'none')],
      { MIXDESK_TYPO: '1' },
    ).ended
    expect(status).toBe(1)
    expect(stdout).toMatch(/not ok {2}settings: .*MIXDESK_TYPO/)
    expect(stdout).toMatch(/not ok {2}server: .*\n +fix: run "mixdesk start"/)
  })

  it('keeps a second start out of a home in use, and leaves the first one alone', async () => {
    oneSentence(await ask('start', '--port', '0'), 'in use by the Mixdesk process')
    expect((await ask('runs')).status).toBe(0)
  })

  it('refuses a port that was asked for and is taken, and settings that do not exist', async () => {
    const other = await newFolder()
    const { server, port } = await occupy()
    try {
      const ended = await mixdesk(['start', '--home', other, '--port', String(port)]).ended
      expect([ended.status, ended.stdout]).toEqual([1, ''])
      expect(ended.stderr.trim().split('\n').at(-1)).toContain(`Port ${port} of 127.0.0.1 should be free`)
      expect(ended.stderr).not.toContain('    at ')
      await eventually(() => processesOf(other).length === 0, 'nothing runs on the other home')
      const unsound = await mixdesk(['start', '--home', other], { MIXDESK_TYPO: '1' }).ended
      expect(unsound).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('MIXDESK_TYPO: there is no such setting'),
      })
    } finally {
      server.close()
      await wipe(other)
    }
  })
})

describe('the end', () => {
  it('of a killed process is no end: the next start finds everything', async () => {
    started.child.kill('SIGKILL')
    await started.ended
    started = await start()
    expect((await json<{ runs: unknown[] }>('runs')).runs).toHaveLength(3)
  })

  it('comes with SIGTERM, cleanly, and leaves no process behind', async () => {
    started.child.kill('SIGTERM')
    expect(await started.ended).toMatchObject({ status: 0 })
    await eventually(() => processesOf(home).length === 0, 'nothing runs on the home')
    expect(existsSync(join(home, 'server.json'))).toBe(false)
  })
})
