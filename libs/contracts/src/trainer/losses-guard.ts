import { isName, limits } from '../primitives.js'
import { bad, good, type Outcome } from '../outcome.js'
import type { LossesMeasured } from './trainer-events.js'

const signalName = /^[A-Za-z][A-Za-z0-9_.]{0,63}$/

/**
 * Checks `losses.measured` by hand: this is the hot path, where a schema library would cost more than all the rest.
 * It accepts exactly what the schema accepts, plus what a schema cannot say: equal lengths and distinct indices.
 */
export function checkLosses(data: unknown): Outcome<LossesMeasured> {
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return bad('losses.measured: a JSON object was expected.')
  const d = data as Record<string, unknown>
  if (!isName(d['run']))
    return bad(
      `losses.measured: \`run\` should be a name (1 to 128 of A-Z a-z 0-9 . _ : / -), got ${show(d['run'])}.`,
    )
  if (!isCount(d['attempt']) || d['attempt'] < 1 || d['attempt'] > 1_000_000)
    return bad(
      `losses.measured: \`attempt\` should be an integer from 1 to 1000000, got ${show(d['attempt'])}.`,
    )
  if (!isCount(d['step']))
    return bad(`losses.measured: \`step\` should be a non-negative integer, got ${show(d['step'])}.`)
  if (!isCount(d['rank']) || d['rank'] >= limits.ranks)
    return bad(
      `losses.measured: \`rank\` should be an integer from 0 to ${limits.ranks - 1}, got ${show(d['rank'])}.`,
    )
  if (d['mixtureVersion'] !== undefined && !isCount(d['mixtureVersion']))
    return bad(
      `losses.measured: \`mixtureVersion\` should be a non-negative integer, got ${show(d['mixtureVersion'])}.`,
    )

  const tokens = d['tokens']
  if (!Array.isArray(tokens))
    return bad(`losses.measured: \`tokens\` should be an array of counts, got ${show(tokens)}.`)
  const length = tokens.length
  if (length > limits.domains)
    return bad(`losses.measured: at most ${limits.domains} domains are possible, got ${length}.`)
  const counts = checkCounts('tokens', tokens, length)
  if (counts !== undefined) return bad(counts)
  const losses = checkNumbers('lossSum', d['lossSum'], length)
  if (losses !== undefined) return bad(losses)
  if (d['domains'] !== undefined) {
    const indices = checkIndices(d['domains'], length)
    if (indices !== undefined) return bad(indices)
  }
  if (d['sequences'] !== undefined) {
    const sequences = checkCounts('sequences', d['sequences'], length)
    if (sequences !== undefined) return bad(sequences)
  }
  if (d['signals'] !== undefined) {
    const signals = d['signals']
    if (typeof signals !== 'object' || signals === null || Array.isArray(signals))
      return bad(`losses.measured: \`signals\` should be an object of arrays, got ${show(signals)}.`)
    for (const name in signals) {
      if (!signalName.test(name))
        return bad(
          `losses.measured: a signal's name should start with a letter and have up to 64 of A-Z a-z 0-9 _ ., got ${show(name)}.`,
        )
      const values = checkNumbers(`signals.${name}`, (signals as Record<string, unknown>)[name], length)
      if (values !== undefined) return bad(values)
    }
  }
  return good(data as LossesMeasured)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function checkCounts(name: string, value: unknown, length: number): string | undefined {
  if (!Array.isArray(value))
    return `losses.measured: \`${name}\` should be an array of counts, got ${show(value)}.`
  if (value.length !== length) return unequal(name, value.length, length)
  for (let i = 0; i < length; i++)
    if (!isCount(value[i]))
      return `losses.measured: \`${name}[${i}]\` should be a non-negative integer, got ${show(value[i])}.`
  return undefined
}

function checkNumbers(name: string, value: unknown, length: number): string | undefined {
  if (!Array.isArray(value))
    return `losses.measured: \`${name}\` should be an array of numbers, got ${show(value)}.`
  if (value.length !== length) return unequal(name, value.length, length)
  for (let i = 0; i < length; i++) {
    const x: unknown = value[i]
    if (x !== null && !Number.isFinite(x))
      return `losses.measured: \`${name}[${i}]\` should be a finite number, or null where it was not finite, got ${show(x)}.`
  }
  return undefined
}

function checkIndices(value: unknown, length: number): string | undefined {
  if (!Array.isArray(value))
    return `losses.measured: \`domains\` should be an array of indices, got ${show(value)}.`
  if (value.length !== length) return unequal('domains', value.length, length)
  let last = -1
  let seen: Set<number> | undefined
  for (let i = 0; i < length; i++) {
    const x: unknown = value[i]
    if (!isCount(x) || x >= limits.domains)
      return `losses.measured: \`domains[${i}]\` should be an index into the run's domains, got ${show(x)}.`
    // Ascending order, the usual case, needs no set to prove that the indices differ.
    if (x <= last && seen === undefined) seen = new Set(value.slice(0, i) as number[])
    if (seen !== undefined) {
      if (seen.has(x))
        return `losses.measured: \`domains\` names index ${x} twice; send each domain once, with its sums.`
      seen.add(x)
    }
    last = x
  }
  return undefined
}

const unequal = (name: string, got: number, expected: number) =>
  `losses.measured: \`${name}\` has ${got} entries where \`tokens\` has ${expected}; send one entry a domain in every array.`

/** A value as it may stand in a message: short, and never the whole of it. */
export function show(value: unknown): string {
  // JSON would call Infinity, which a number beyond doubles becomes, null.
  const text =
    value === undefined
      ? 'nothing'
      : typeof value === 'number'
        ? String(value)
        : ((JSON.stringify(value) as string | undefined) ?? typeof value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
