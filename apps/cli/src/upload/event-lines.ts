import { openStructuredEvent, parseTrainerEvent } from '@mixdesk/contracts'
import { createReadStream, existsSync } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { createGunzip } from 'node:zlib'
import { CliError } from '../cli-error.js'

/** A file of a trainer's spool; beside it lies the lock of its process, which Node.js cannot ask. */
const spooled = /^(.*\.\d{4,}\.r\d{5,}\.[0-9a-f]+\.)\d{6,}\.jsonl$/

/** A line of a file of recorded reports: an event, or why it is none. */
export type EventLine = {
  readonly file: string
  /** From 1. */
  readonly number: number
} & (
  | { readonly text: string }
  | {
      readonly fault: string
      /** The file ends in the middle of the line, as after a kill. */
      readonly cutOff: boolean
    }
)

/** The files, and those in the folders, in the order in which they should be sent. */
export async function eventFiles(given: readonly string[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const path of given) {
    const what = await stat(path).catch(() => undefined)
    if (what === undefined) throw new CliError('usage', `There is no file or folder "${path}".`)
    if (what.isDirectory())
      found.push(
        ...(await readdir(path))
          .filter((name) => /\.jsonl(\.gz)?$/.test(name))
          .sort()
          .map((name) => join(path, name)),
      )
    else found.push(path)
  }
  if (found.length === 0)
    throw new CliError('usage', 'There is nothing to send: no file *.jsonl or *.jsonl.gz was found.')
  for (const file of found) {
    const owner = spooled.exec(file)?.[1]
    if (owner !== undefined && existsSync(`${owner}lock`))
      throw new CliError(
        'usage',
        `${file} is the spool of a run that may be going on and will send it itself; "python -m mixdesk upload" knows whether it is.`,
      )
  }
  return found
}

/** The lines of a file, plain or gzipped; empty ones are left out. */
export async function* eventLines(file: string): AsyncIterable<EventLine> {
  const bytes = createReadStream(file)
  const content = (await isGzip(file)) ? bytes.pipe(createGunzip()) : bytes
  const decoder = new StringDecoder('utf8')
  let [rest, number] = ['', 0]
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      const lines = (rest + decoder.write(chunk)).split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) {
        number += 1
        if (text.trim() !== '') yield lineOf(file, number, text, true)
      }
    }
  } catch (error) {
    yield {
      file,
      number: number + 1,
      fault: `cannot be unpacked (${(error as Error).message})`,
      cutOff: false,
    }
    return
  } finally {
    bytes.destroy()
  }
  rest += decoder.end()
  if (rest.trim() !== '') yield lineOf(file, number + 1, rest, false)
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
  } finally {
    await handle.close()
  }
}

function lineOf(file: string, number: number, text: string, ended: boolean): EventLine {
  const fault = faultOf(text)
  return fault === undefined ? { file, number, text } : { file, number, fault, cutOff: !ended }
}

/** Why a line is no event that the server would take, as far as that can be told from here. */
function faultOf(text: string): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return `is not JSON (${(error as Error).message})`
  }
  const opened = openStructuredEvent(value)
  if (!opened.ok) return `is no event: ${opened.because}`
  const parsed = parseTrainerEvent(opened.value)
  return parsed.ok ? undefined : `is at fault: ${parsed.because}`
}
