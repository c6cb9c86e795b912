import { StringDecoder } from 'node:string_decoder'
import { CliError } from '../cli-error.js'

export type Query = { readonly [key: string]: string | number | undefined }
export type Ask = {
  readonly method?: 'GET' | 'POST'
  readonly query?: Query
  readonly body?: unknown
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Statuses besides success whose body is the answer all the same. */
  readonly alsoRead?: readonly number[]
}

/** The server over HTTP. What it refuses comes back as a CliError with the sentence of its problem document. */
export type Http = {
  readonly url: string
  /** The answer's JSON; undefined where it has none. */
  ask(path: string, ask?: Ask): Promise<unknown>
  /** The values of an NDJSON answer, as they come. */
  stream(path: string, ask?: Ask): AsyncIterable<unknown>
}

export const pathOf = (run: string, ...rest: readonly string[]): string =>
  ['/v1/runs', encodeURIComponent(run), ...rest].join('/')

const patienceMs = 60_000

export function createHttp(url: string): Http {
  async function send(path: string, ask: Ask): Promise<Response> {
    const query = new URLSearchParams(
      Object.entries(ask.query ?? {}).flatMap(([key, value]) =>
        value === undefined ? [] : [[key, String(value)] as [string, string]],
      ),
    )
    const signals = [
      ask.signal,
      ask.timeoutMs === Number.POSITIVE_INFINITY
        ? undefined
        : AbortSignal.timeout(ask.timeoutMs ?? patienceMs),
    ]
    let response: Response
    try {
      response = await fetch(`${url}${path}${query.size > 0 ? `?${query.toString()}` : ''}`, {
        method: ask.method ?? (ask.body === undefined ? 'GET' : 'POST'),
        signal: AbortSignal.any(signals.filter((signal) => signal !== undefined)),
        ...(ask.body === undefined
          ? {}
          : { body: JSON.stringify(ask.body), headers: { 'content-type': 'application/json' } }),
      })
    } catch (error) {
      throw unreachable(url, error, ask.signal)
    }
    if (!response.ok && !(ask.alsoRead ?? []).includes(response.status)) throw await problemOf(response, url)
    return response
  }
  return {
    url,
    async ask(path, ask = {}) {
      const response = await send(path, ask)
      const text = await response
        .text()
        .catch((error: unknown) => Promise.reject(unreachable(url, error, ask.signal)))
      if (text === '') return undefined
      try {
        return JSON.parse(text) as unknown
      } catch {
        throw notMixdesk(url)
      }
    },
    async *stream(path, ask = {}) {
      const response = await send(path, { timeoutMs: Number.POSITIVE_INFINITY, ...ask })
      if (response.body === null) return
      try {
        for await (const line of linesOf(response.body)) yield JSON.parse(line)
      } catch (error) {
        throw error instanceof SyntaxError ? notMixdesk(url) : unreachable(url, error, ask.signal)
      }
    },
  }
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + decoder.write(Buffer.from(chunk))).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield line
  }
  if (rest.trim() !== '') yield rest
}

const notMixdesk = (url: string): CliError =>
  new CliError(
    'problem',
    `What answers at ${url} does not seem to be Mixdesk; give the address of the server with --server or MIXDESK_URL.`,
  )

function unreachable(url: string, error: unknown, given: AbortSignal | undefined): unknown {
  if (given?.aborted === true) return error
  const cause = error instanceof Error ? error.cause : undefined
  const code = systemCode(cause) ?? systemCode(error)
  if (error instanceof Error && error.name === 'TimeoutError')
    return new CliError(
      'not-running',
      `Mixdesk at ${url} did not answer in time; "mixdesk doctor" says more.`,
      { cause: error },
    )
  if (code === 'ECONNREFUSED')
    return new CliError(
      'not-running',
      `Nothing answers at ${url}: start Mixdesk with "mixdesk start", or give its address with --server or MIXDESK_URL.`,
      { cause: error },
    )
  const why = cause instanceof Error ? cause.message || cause.name : String(error)
  return new CliError(
    'not-running',
    `Mixdesk at ${url} cannot be reached (${why}): start it with "mixdesk start", or give its address with --server or MIXDESK_URL.`,
    { cause: error },
  )
}

const systemCode = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined

async function problemOf(response: Response, url: string): Promise<CliError> {
  const text = await response.text().catch(() => '')
  const detail = detailOf(text)
  if (detail !== undefined) return new CliError('problem', detail)
  const answer = `${response.status} ${response.statusText}`.trim()
  return new CliError(
    'problem',
    `Mixdesk at ${url} answered ${answer} without a reason; if something else listens there, give the right address with --server or MIXDESK_URL.`,
  )
}

/** The sentence of a problem document. */
function detailOf(text: string): string | undefined {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown }
    return typeof detail === 'string' ? detail : undefined
  } catch {
    return undefined
  }
}
