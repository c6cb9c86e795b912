import type { LedgerEvent } from '@mixdesk/contracts'
import type { RunMessage } from '@mixdesk/mixture'
import supertest from 'supertest'
import { expect } from 'vitest'
import { eventually } from './eventually.js'
import { decisionsAmong } from './expected.js'
import { askSql, expectObservationsOnce } from './history.js'

/** Every observation once, with the numbers it had when it first came; every decision; and a replay that finds them again. */
export async function expectHistory(
  url: string,
  { run, messages, facts }: { run: string; messages: readonly RunMessage[]; facts: readonly LedgerEvent[] },
  patienceMs: number,
): Promise<void> {
  await expectObservationsOnce(url, run, messages, patienceMs)
  const first = new Map<string, number>()
  for (const message of messages) {
    if (message.name !== 'losses.measured') continue
    const { attempt, step, rank, tokens } = message.data
    const key = `${attempt}/${step}/${rank}`
    if (!first.has(key))
      first.set(
        key,
        tokens.reduce((sum, count) => sum + count, 0),
      )
  }
  const tokens = [...first.values()].reduce((sum, count) => sum + count, 0)
  const number = async (sql: string) => Number((await askSql(url, sql))[0]?.[0])
  expect(
    await number(`SELECT sum(arraySum(tokens)) FROM observations FINAL WHERE run = '${run}'`),
    `tokens of ${run} in the table`,
  ).toBe(tokens)
  expect(
    await number(`SELECT sum(tokens) FROM all_losses WHERE run = '${run}'`),
    `tokens of ${run} in the view`,
  ).toBe(tokens)
  const decided = decisionsAmong(facts).length
  await eventually(
    async () => (await number(`SELECT count() FROM mixtures_decided FINAL WHERE run = '${run}'`)) === decided,
    `the ${decided} decisions of ${run} in the history`,
    patienceMs,
  )
  const replayed = await supertest(url)
    .post(`/v1/runs/${encodeURIComponent(run)}/replay`)
    .send({})
    .buffer(true)
    .parse(asText)
  const result = String(replayed.body).trim().split('\n').at(-1)!
  expect(JSON.parse(result), `replay of ${run}`).toMatchObject({
    result: { identical: true, compared: decided },
  })
}

function asText(response: NodeJS.EventEmitter, done: (error: Error | null, body: string) => void): void {
  let all = ''
  response.on('data', (part: Buffer) => (all += part.toString('utf8')))
  response.on('end', () => done(null, all))
}
