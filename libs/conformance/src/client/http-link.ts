import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ClientRuleId } from './client-rules.js'
import type { Detail } from '../rules.js'
import type { Caught } from '../seen.js'
import type { Command, CommandLink } from './script.js'

export type HttpLink = CommandLink & { readonly url: string; stop(): Promise<void> }
type Check = (id: ClientRuleId, holds: boolean, where: string, detail: () => Omit<Detail, 'where'>) => boolean

const repeatWithinMs = 5_000
const mostBytes = 16 * 1024 * 1024
const contentTypes = ['application/cloudevents-batch+json', 'application/cloudevents+json']

/** The two requests a client without Kafka needs, on this machine only. */
export async function openHttpLink(
  run: string,
  port: number,
  hooks: { see(caught: Caught): void; check: Check },
): Promise<HttpLink> {
  const { check, see } = hooks
  /** What the next polls are answered with, first to last; the last one stays. */
  let answers: Command[] = []
  const polling = new Set<() => void>()
  let posts = 0
  let lastGiven = 0
  /** Ids of the batch that was turned away; undefined before that, and once they have come again. */
  let turnedAway: { readonly ids: ReadonlySet<string>; readonly where: string } | undefined
  let hasTurnedAway = false
  let started = false

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => problem(response, 500, String(error)))
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://conformance')
    const path = decodeURIComponent(url.pathname)
    if (request.method === 'POST' && path === '/v1/events') return post(request, response)
    if (request.method === 'GET' && path === `/v1/runs/${run}/mixture`) return poll(url, request, response)
    if (request.method === 'GET' && path === '/healthz') return json(response, 200, { status: 'ok' })
    problem(
      response,
      404,
      `The conformance kit answers POST /v1/events and GET /v1/runs/${run}/mixture; ${request.method ?? ''} ${path} came.`,
    )
  }

  async function post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const where = `POST ${++posts}`
    const type = request.headers['content-type'] ?? ''
    check(
      'http.content-type',
      contentTypes.some((one) => type.startsWith(one)),
      where,
      () => ({
        expected: contentTypes.join(' or '),
        got: type === '' ? 'none' : type,
      }),
    )
    const text = await bodyOf(request)
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch (error) {
      const notFinite = /[[,:]\s*[-+]?(NaN|Infinity)\s*[\],}]/.test(text)
      check(notFinite ? 'event.finite' : 'event.json', false, where, () => ({
        expected: 'JSON',
        got: notFinite ? 'NaN or Infinity' : (error as Error).message,
      }))
      return problem(response, 400, 'The body is not JSON.')
    }
    const events: unknown[] = Array.isArray(body) ? body : [body]
    const ids = new Set(events.map((event) => String((event as { id?: unknown } | null)?.id)))
    // Once, and not at the very start: whoever cannot even begin may rightly say so.
    if (started && !hasTurnedAway) {
      hasTurnedAway = true
      turnedAway = { ids, where }
      return problem(response, 503, 'The conformance kit is away for a moment; send the same events again.')
    }
    if (turnedAway !== undefined) {
      const missing = [...turnedAway.ids].filter((id) => !ids.has(id))
      check('http.retry', missing.length === 0, where, () => ({
        expected: `the events of ${turnedAway!.where} again, which was answered with 503`,
        got: `a batch without ${missing.length} of their ids`,
      }))
      turnedAway = undefined
    }
    for (const [i, event] of events.entries()) {
      started = true
      see({ by: 'http', where: `${where}, event ${i}`, event })
    }
    json(response, 202, { accepted: events.length })
  }

  function poll(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const after = Number(url.searchParams.get('after') ?? '0')
    const waitSeconds = Number(url.searchParams.get('wait') ?? '0')
    const where = `GET ${url.pathname}${url.search}`
    const sound = after >= lastGiven && waitSeconds >= 0 && waitSeconds <= 60
    check('http.poll', sound, where, () => ({
      expected: `after=${lastGiven} or more, and wait from 0 to 60`,
      got: url.search === '' ? 'no query' : url.search,
    }))
    const give = (): boolean => {
      const [next, ...rest] = answers
      // An old version is handed out once, whatever was asked for: that is what a repeated message looks like here.
      if (next === undefined || (next.version <= after && rest.length === 0)) return false
      if (rest.length > 0) answers = rest
      lastGiven = Math.max(lastGiven, next.version)
      json(response, 200, next.data)
      return true
    }
    if (give()) return
    const stop = () => {
      clearTimeout(timer)
      polling.delete(look)
    }
    const look = () => {
      if (give()) stop()
    }
    const timer = setTimeout(
      () => {
        stop()
        response.writeHead(204).end()
      },
      Math.min(60, Math.max(0, waitSeconds || 0)) * 1000,
    )
    polling.add(look)
    request.once('close', stop)
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async send(command) {
      const newest = answers.at(-1)
      const isRepeat = newest !== undefined && command.version <= newest.version
      // The newest is what a poll gets; a repeat goes out once before it.
      answers = isRepeat ? [...answers.slice(0, -1), command, newest] : [command]
      for (const look of [...polling]) look()
      // A poll that never comes is found by who waits for its consequences.
      const until = Date.now() + repeatWithinMs
      while (answers.length > 1 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20))
    },
    disturb: () => Promise.resolve(),
    // A client has its answer only once its events have been seen.
    drain: () => Promise.resolve(),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new Error('The body is larger than 16 MiB.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
function problem(response: ServerResponse, status: number, detail: string): void {
  response
    .writeHead(status, { 'content-type': 'application/problem+json' })
    .end(JSON.stringify({ type: 'about:blank', title: 'Conformance kit', status, detail }))
}
