import { canonicalJson, sha256Hex, type LedgerData } from '@mixdesk/contracts'

type Decided = LedgerData<'MixtureDecided'>

export type Comparison = {
  readonly identical: boolean
  /** Decisions of both sides that were held against each other. */
  readonly compared: number
  /** Where they first part, in a sentence; absent when they don't. */
  readonly firstDifference?: string
  /** Replay certificate: SHA-256 chained over all decisions in order. Equal certificates, equal decisions. */
  readonly digest: { readonly recorded: string; readonly replayed: string }
}

const emptyCertificate = sha256Hex('')
/** The certificate after one more decision. Independent of the order of keys, so that it survives any store. */
export const certify = (certificate: string, decision: Decided): string =>
  chain(certificate, canonicalJson(decision))
const chain = (certificate: string, text: string): string => sha256Hex(`${certificate}\n${text}`)

/** Holds recorded decisions against replayed ones, every field to the bit. */
export function compareDecisions(recorded: readonly Decided[], replayed: readonly Decided[]): Comparison {
  const compared = Math.min(recorded.length, replayed.length)
  let firstDifference: string | undefined
  let agreed = emptyCertificate
  let same = 0
  while (same < compared && firstDifference === undefined) {
    const text = canonicalJson(recorded[same])
    if (text === canonicalJson(replayed[same])) {
      agreed = chain(agreed, text)
      same++
    } else firstDifference = differenceBetween(recorded[same]!, replayed[same]!)
  }
  if (firstDifference === undefined && recorded.length !== replayed.length) {
    const [longer, side, other] =
      recorded.length > compared ? [recorded, 'recorded', 'replayed'] : [replayed, 'replayed', 'recorded']
    const { version, step } = longer[compared]!
    firstDifference = `Version ${version}, decided at step ${step}, was ${side} but not ${other}.`
  }
  return {
    identical: firstDifference === undefined,
    compared,
    ...(firstDifference === undefined ? {} : { firstDifference }),
    digest: {
      recorded: recorded.slice(same).reduce(certify, agreed),
      replayed: replayed.slice(same).reduce(certify, agreed),
    },
  }
}

function differenceBetween(recorded: Decided, replayed: Decided): string {
  const { path, a, b } = firstUnequal('', recorded, replayed)
  const { version, step } = recorded
  return `Version ${version}, decided at step ${step}, differs in ${path}: ${brief(a)} was recorded, ${brief(b)} replayed.`
}

type Unequal = { readonly path: string; readonly a: unknown; readonly b: unknown }

/** The innermost place at which two unequal values part. */
function firstUnequal(path: string, a: unknown, b: unknown): Unequal {
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return { path, a, b }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (canonicalJson(a[key]) === canonicalJson(b[key])) continue
    const at = Array.isArray(a) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    return firstUnequal(at, a[key], b[key])
  }
  return { path, a, b }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

function brief(value: unknown): string {
  const text = value === undefined ? 'nothing' : canonicalJson(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}
