import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

/** JSON with keys in code-unit order, so that equal values have equal text. `undefined` members are left out. */
export function canonicalJson(value: unknown): string {
  if (value === undefined) return 'null'
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) {
    // Nothing to order in numbers, which most of what is digested consists of.
    if (value.every((member) => typeof member === 'number')) return JSON.stringify(value)
    return `[${value.map(canonicalJson).join(',')}]`
  }
  const entries = Object.entries(value as Record<string, unknown>)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`
}

export const sha256Hex = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)))
/** SHA-256 of a value's canonical JSON. */
export const digestOf = (value: unknown): string => sha256Hex(canonicalJson(value))

/** Derived, so that deciding the same thing twice gives the same id, which the ledger then refuses. */
export const decisionIdOf = (
  run: string,
  attempt: number,
  step: number,
  policy: string,
  version: number,
): string => sha256Hex(`decision\n${run}\n${attempt}\n${step}\n${policy}\n${version}`).slice(0, 32)
export const ledgerEventIdOf = (stream: string, version: number): string =>
  sha256Hex(`ledger\n${stream}\n${version}`).slice(0, 32)
export const streamOf = (run: string): string => `run-${run}`
