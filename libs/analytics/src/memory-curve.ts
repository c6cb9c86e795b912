import type { LedgerEnvelope } from '@mixdesk/contracts'
import type { CurvePoint, ObservationRow } from './analytics.js'
import type { CurveOptions } from './curve.js'

export type Chain = {
  readonly domains: readonly string[]
  /** Last step that counts of an attempt. */ lastStep(attempt: number): number
}

/** The same rule as the view `attempts`: an attempt reaches until the earliest step that a later one resumed from. */
export function attemptChain(facts: readonly LedgerEnvelope[]): Chain {
  const resumed = new Map<number, number>()
  let domains: readonly string[] = []
  for (const fact of [...facts].sort((a, b) => a.version - b.version)) {
    if ((fact.type === 'RunStarted' || fact.type === 'RunRefused') && domains.length === 0)
      domains = fact.data.domains.map(({ name }) => name)
    if (fact.type === 'RunResumed' && !resumed.has(fact.data.attempt))
      resumed.set(fact.data.attempt, fact.data.fromStep)
  }
  const lastStep = (attempt: number) =>
    Math.min(...[...resumed].filter(([later]) => later > attempt).map(([, fromStep]) => fromStep))
  return { domains, lastStep }
}

type Bucket = { step: number; attempt: number; domain: string; tokens: number; lossSum: number }

export function curveOf(
  rows: readonly ObservationRow[],
  chain: Chain,
  options: CurveOptions,
): readonly CurvePoint[] {
  const { fromStep = 0, toStep = Infinity } = options
  const chosen = rows.filter(
    ({ attempt, step }) => step >= fromStep && step <= toStep && step <= chain.lastStep(attempt),
  )
  if (chosen.length === 0) return []
  const first = Math.min(...chosen.map(({ step }) => step))
  const last = Math.max(...chosen.map(({ step }) => step))
  const width = Math.max(1, Math.ceil((last - first + 1) / Math.max(1, Math.floor(options.points ?? 1000))))
  const buckets = new Map<string, Bucket>()
  for (const row of chosen)
    for (const [i, index] of row.domains.entries()) {
      const domain = chain.domains[index] ?? `#${index}`
      const number = Math.floor((row.step - first) / width)
      const key = `${String(number).padStart(16, '0')} ${domain}`
      const bucket = buckets.get(key) ?? {
        step: row.step,
        attempt: row.attempt,
        domain,
        tokens: 0,
        lossSum: 0,
      }
      buckets.set(key, bucket)
      bucket.step = Math.min(bucket.step, row.step)
      bucket.attempt = Math.max(bucket.attempt, row.attempt)
      const loss = row.lossSum[i] ?? null
      if (loss === null) continue
      bucket.tokens += row.tokens[i] ?? 0
      bucket.lossSum += loss
    }
  return [...buckets.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { step, attempt, domain, tokens, lossSum }]) => ({
      step,
      attempt,
      domain,
      tokens,
      loss: tokens === 0 ? null : lossSum / tokens,
    }))
}
