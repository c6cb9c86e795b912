import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import supertest from 'supertest'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { askSql, decisionsOf, mixturesDecided } from '../support/history.js'
import { freshRun, url } from './chapter.js'

const run = promisify(execFile)
const trainer = (path: string) => fileURLToPath(new URL(`../../apps/trainer/${path}`, import.meta.url))
let python: string

/**
 * The example as it is, on a machine where anything may stall: forty steps may be over before the first answer has come,
 * so one of them takes as long as that, and the end of the run waits longer for Kafka than it does by itself.
 */
const unhurried = `
import os, runpy, sys, time
import mixdesk

sys.argv.pop(0)
sys.path.insert(0, os.path.dirname(sys.argv[0]))
boundary, finish = mixdesk.Run.boundary, mixdesk.Run.finish

def patient_boundary(run, step):
    end = time.monotonic() + 120
    while boundary(run, step).version == 0 and step == 20 and time.monotonic() < end:
        time.sleep(0.02)
    return run.mixture

mixdesk.Run.boundary = patient_boundary
mixdesk.Run.finish = lambda run, *given, timeout=120.0: finish(run, *given, timeout=timeout)
runpy.run_path(sys.argv[0], run_name="__main__")
`

describe('a real learner', () => {
  beforeAll(async () => {
    python = (await run('python3', [trainer('scripts/bootstrap.py'), '--extra', 'examples'])).stdout.trim()
  })

  it('trains on real text, follows the mixtures it is sent, acknowledges them, and ends its run', async () => {
    const name = freshRun('learner')
    const options = [
      '--run',
      name,
      '--project',
      'flows',
      '--policy',
      'odm',
      '--steps',
      '40',
      '--evaluate',
      '20',
    ]
    const brokers = ['--brokers', inject('brokers').join(',')]
    await run(python, ['-c', unhurried, trainer('examples/numpy_lm.py'), ...options, ...brokers])

    const row = await eventually(async () => {
      const { body } = (await supertest(url()).get(`/v1/runs/${name}`)) as {
        body: { status: string; step: number; version: number; counts: Record<string, number> }
      }
      return body.status === 'completed' && body
    }, 'the run completed')
    expect(row.step).toBe(39)
    expect(row.counts['accepted']).toBe(40)
    expect(row.counts['acknowledgements']).toBeGreaterThan(0)
    expect(mixturesDecided(await decisionsOf(url(), name)).length).toBeGreaterThan(1)

    // Nats per byte start near ln 256 = 5.5 and fall at once: it learns.
    const [first, last] = await eventually(async () => {
      const rows = await askSql(
        url(),
        `SELECT step, sum(loss_nats) / sum(tokens) FROM losses WHERE run = '${name}' GROUP BY step ORDER BY step`,
      )
      return rows.length === 40 && ([Number(rows[0]![1]), Number(rows[39]![1])] as const)
    }, 'all steps in the history')
    expect(first).toBeGreaterThan(4)
    expect(last).toBeLessThan(first - 1)
  })
})
