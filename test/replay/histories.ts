import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { LedgerData } from '@mixdesk/contracts'
import type { RunMessage } from '@mixdesk/mixture'

/** Reads and writes recorded histories. */
const folder = fileURLToPath(new URL('./histories/', import.meta.url))
const logOf = (name: string) => `${folder}${name}.jsonl.gz`
const decisionsOf = (name: string) => `${folder}${name}.decisions.json.gz`

export type Recorded = {
  readonly messages: readonly RunMessage[]
  readonly decisions: readonly LedgerData<'MixtureDecided'>[]
}

export const isRecorded = (name: string): boolean => existsSync(logOf(name))

export function readHistory(name: string): Recorded {
  const lines = gunzipSync(readFileSync(logOf(name)))
    .toString('utf8')
    .trimEnd()
    .split('\n')
  return {
    messages: lines.map((line) => JSON.parse(line) as RunMessage),
    decisions: JSON.parse(
      gunzipSync(readFileSync(decisionsOf(name))).toString('utf8'),
    ) as Recorded['decisions'],
  }
}

export function writeHistory(name: string, { messages, decisions }: Recorded): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    logOf(name),
    gzipSync(messages.map((message) => `${JSON.stringify(message)}\n`).join(''), { level: 9 }),
  )
  writeFileSync(decisionsOf(name), gzipSync(JSON.stringify(decisions), { level: 9 }))
}
