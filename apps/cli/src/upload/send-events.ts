import { CliError } from '../cli-error.js'
import type { Http } from '../server/http.js'
import type { EventLine } from './event-lines.js'

const mostEvents = 500
const mostCharacters = 4 * 1024 * 1024

export type SendingLine = Extract<EventLine, { readonly text: string }>
type Refusal = { readonly line: SendingLine; readonly because: string }
type Answer = {
  readonly accepted?: number
  readonly detail?: string
  readonly faults?: readonly { readonly index: number; readonly because: string }[]
}

/**
 * Posts lines in batches, one after the other. A batch is taken whole or not at all: what the server finds at fault is
 * told to `refused`, and the rest of the batch is posted again. Returns how many were taken.
 */
export async function sendEvents(
  http: Http,
  lines: AsyncIterable<SendingLine>,
  progress: (sent: number) => void,
  refused: (refusal: Refusal) => void,
): Promise<number> {
  let sent = 0
  for await (const batch of batches(lines)) {
    let left: readonly SendingLine[] = batch
    while (left.length > 0) {
      const faults = await post(http, left)
      for (const { index, because } of faults) refused({ line: left[index]!, because })
      if (faults.length === 0) sent += left.length
      const faulty = new Set(faults.map(({ index }) => index))
      left = faults.length === 0 ? [] : left.filter((_, index) => !faulty.has(index))
    }
    progress(sent)
  }
  return sent
}

/** Nothing where all were taken. */
async function post(http: Http, lines: readonly SendingLine[]) {
  const answer = (await http.ask('/v1/events', {
    body: lines.map(({ text }) => JSON.parse(text) as unknown),
    alsoRead: [422],
  })) as Answer
  if (answer.accepted === lines.length) return []
  const faults = (answer.faults ?? []).filter(({ index }) => lines[index] !== undefined)
  if (faults.length === 0)
    throw new CliError('problem', answer.detail ?? `What answers at ${http.url} does not seem to be Mixdesk.`)
  return faults
}

async function* batches(lines: AsyncIterable<SendingLine>): AsyncIterable<readonly SendingLine[]> {
  let [batch, characters]: [SendingLine[], number] = [[], 0]
  for await (const line of lines) {
    if (batch.length > 0 && (batch.length >= mostEvents || characters + line.text.length > mostCharacters)) {
      yield batch
      ;[batch, characters] = [[], 0]
    }
    batch.push(line)
    characters += line.text.length
  }
  if (batch.length > 0) yield batch
}
