import { cloudEventHeaders, streamOf, topics, typeOf } from '@mixdesk/contracts'
import { createMemoryEventStore } from '@mixdesk/event-store'
import { createMemoryMessaging } from '@mixdesk/messaging'
import { findPolicy } from '@mixdesk/policies'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import supertest from 'supertest'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { readConfig } from '../config.js'
import { startServer, type Server } from '../start-server.js'

// How long anything here takes says nothing: a busy machine may stand still for a while at any line.
vi.setConfig({ testTimeout: 180_000 })

const ledger = createMemoryEventStore()
const messaging = createMemoryMessaging()
let folder: string
let server: Server

/** The policy of docs/write-a-policy.md, loaded as its reader would: by the path of its file. */
beforeAll(async () => {
  const page = await readFile(
    fileURLToPath(new URL('../../../../docs/write-a-policy.md', import.meta.url)),
    'utf8',
  )
  folder = await mkdtemp(join(tmpdir(), 'mixdesk-policies-'))
  const path = join(folder, 'hardest-first.mjs')
  await writeFile(path, /```js\n(.*?)```/s.exec(page)![1]!)
  const config = readConfig({
    MIXDESK_ROLES: 'api,mixture,relay',
    MIXDESK_PORT: '0',
    MIXDESK_LOG_LEVEL: 'error',
    MIXDESK_POLICIES: path,
  })
  server = await startServer({ config, store: ledger, messaging, analytics: undefined })
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

it('lists what a run may be mixed by, with every setting and its default', async () => {
  const { body } = (await supertest(server.url).get('/v1/policies').expect(200)) as {
    body: { policies: { name: string; settings: { name: string; default: unknown }[] }[] }
  }
  expect(body.policies.map(({ name }) => name)).toEqual(expect.arrayContaining(['odm', 'hardest-first']))
  const odm = (await supertest(server.url).get('/v1/policies/odm').expect(200)).body as { settings: object[] }
  expect(odm.settings).toContainEqual(expect.objectContaining({ name: 'smoothing', default: 0.9 }))
})

it('says which there are where one is asked for that is not', async () => {
  const { body } = await supertest(server.url).get('/v1/policies/alchemy').expect(404)
  expect(body).toMatchObject({
    detail: expect.stringMatching(/no policy "alchemy"; there are: uniform, .*hardest-first/),
  })
})

it('mixes a run by a policy from outside', async () => {
  const run = 'from-outside'
  const say = (name: string, data: object) =>
    messaging.send(topics.trainerEvents, [
      {
        key: run,
        headers: cloudEventHeaders({ id: 'x', type: typeOf(name), source: 'spec' }),
        value: JSON.stringify({ run, attempt: 1, ...data }),
      },
    ])
  const domains = [{ name: 'web' }, { name: 'code' }]
  await say('run.started', { project: 'p', domains, policy: { name: 'hardest-first' }, ranks: 1, cadence: 1 })
  await say('losses.measured', { step: 0, rank: 0, tokens: [10, 10], lossSum: [20, 40] })
  await vi.waitFor(async () => {
    const decided = await ledger.readStream(streamOf(run), { types: ['MixtureDecided'] })
    expect(decided.at(-1)?.data).toMatchObject({
      weights: [0.495, 0.505],
      policy: { name: 'hardest-first', version: 1 },
    })
  })
  expect(findPolicy('hardest-first')).toBeDefined()
})
