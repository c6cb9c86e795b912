import type { LedgerEnvelope } from '@mixdesk/contracts'
import { percent } from '../terminal/numbers.js'
import { harmless } from '../terminal/text.js'

/** A fact of the ledger in one sentence, without its place. */
export function sentenceOfFact(fact: LedgerEnvelope, domains: readonly string[]): string {
  return harmless(plainSentence(fact, domains))
}

function plainSentence(fact: LedgerEnvelope, domains: readonly string[]): string {
  switch (fact.type) {
    case 'MixtureDecided': {
      // The moves come first: they are what is new, and what is left where a narrow terminal cuts the rest.
      const moves = largestMoves(fact.data.previous, fact.data.weights, domains)
      const guards = fact.data.guards.map(({ because }) => because)
      return [moves === '' ? '' : `${moves}.`, fact.data.because.summary, ...guards]
        .filter((part) => part !== '')
        .join(' ')
    }
    case 'MixtureHeld':
      return fact.data.because
    case 'MixtureOverridden':
      return `${fact.data.by} set the mixture${reason(fact.data.because)}`
    case 'MixtureFrozen':
      return `${fact.data.by} froze the mixture${reason(fact.data.because)}`
    case 'MixtureThawed':
      return `${fact.data.by} let the policy decide again${reason(fact.data.because)}`
    case 'MixtureExpired':
      return `Version ${fact.data.version} was not acknowledged in time by ${fact.data.missingRanks} ranks; it is sent again.`
    case 'MixtureRefused':
      return `The trainer refused version ${fact.data.version}: ${fact.data.because}`
    case 'RequestRefused':
      return `What ${fact.data.by} asked for could not be done: ${fact.data.problems.join(' ')}`
    case 'OpeningRefused':
      return `A second ${fact.data.message} came from somebody else and changed nothing: ${fact.data.because}`
    case 'DomainQuarantined':
      return `${fact.data.domain}: ${fact.data.because}`
    default:
      return ''
  }
}

const reason = (because: string): string => (because === '' ? '.' : `: ${because}`)

/** The two weights that moved most, with where they went. */
export function largestMoves(
  before: readonly number[],
  after: readonly number[],
  domains: readonly string[],
): string {
  const moves = after
    .map((weight, i) => ({ name: domains[i] ?? `#${i}`, from: before[i] ?? 0, to: weight }))
    .filter(({ from, to }) => Math.abs(to - from) >= 0.0005)
    .sort((a, b) => Math.abs(b.to - b.from) - Math.abs(a.to - a.from))
  return moves
    .slice(0, 2)
    .map(({ name, from, to }) => `${name} ${percent(from)} → ${percent(to)}`)
    .join(', ')
}

export const stepOfFact = (fact: LedgerEnvelope): number | undefined =>
  'step' in fact.data ? fact.data.step : undefined

const words: { readonly [type: string]: string } = {
  MixtureDecided: 'decided',
  MixtureHeld: 'held',
  MixtureOverridden: 'override',
  MixtureFrozen: 'frozen',
  MixtureThawed: 'thawed',
  MixtureExpired: 'expired',
  MixtureRefused: 'refused',
  RequestRefused: 'refused',
  OpeningRefused: 'refused',
  DomainQuarantined: 'quarantine',
}
export const wordOfFact = (fact: LedgerEnvelope): string =>
  fact.type === 'MixtureDecided' ? `v${fact.data.version}` : (words[fact.type] ?? fact.type)
