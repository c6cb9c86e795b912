import { canonicalJson, type LedgerData, type LedgerEvent, type MixtureSet } from '@mixdesk/contracts'

type Decided = LedgerData<'MixtureDecided'>

/** Fails where a list has an element twice. */
export function assertNoDuplicates<T>(items: readonly T[], keyOf: (item: T) => string, what: string): void {
  const seen = new Set<string>()
  for (const item of items) {
    const key = keyOf(item)
    if (seen.has(key)) throw new Error(`${what} ${key} is there twice.`)
    seen.add(key)
  }
}

/** Fails where the numbers are not first, first + 1, … in this order. */
export function assertNoGaps(numbers: readonly number[], first: number, what: string): void {
  numbers.forEach((number, i) => {
    if (number !== first + i)
      throw new Error(`${what} ${first + i} was expected at place ${i}, ${number} came.`)
  })
}

/** Fails where the decisions differ in anything, down to the last bit of a weight. */
export function assertDecisionsMatch(actual: readonly Decided[], expected: readonly Decided[]): void {
  for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
    const [is, should] = [actual[i], expected[i]]
    if (is === undefined)
      throw new Error(`Decision ${i} (version ${should!.version} at step ${should!.step}) is missing.`)
    if (should === undefined)
      throw new Error(`Decision ${i} (version ${is.version} at step ${is.step}) was not expected.`)
    for (const key of Object.keys({ ...is, ...should }) as (keyof Decided)[]) {
      if (canonicalJson(is[key]) !== canonicalJson(should[key]))
        throw new Error(
          `Decision ${i} (version ${is.version}) differs in ${key}: ${canonicalJson(is[key])} instead of ${canonicalJson(should[key])}.`,
        )
    }
  }
}

/** Fails where the trainer, dropping what it has seen, would skip or repeat a version, or get other weights than were decided. */
export function assertTrainerFollows(mixtures: readonly MixtureSet[], decided: readonly Decided[]): void {
  assertNoGaps(
    mixtures.map((mixture) => mixture.version),
    1,
    'Version',
  )
  if (mixtures.length !== decided.length)
    throw new Error(`The trainer has ${mixtures.length} mixtures, ${decided.length} were decided.`)
  mixtures.forEach((mixture, i) => {
    const decision = decided[i]!
    if (mixture.decisionId !== decision.decisionId)
      throw new Error(`Version ${mixture.version} carries another decision than the ledger's.`)
    if (canonicalJson(mixture.weights) !== canonicalJson(decision.weights))
      throw new Error(`Version ${mixture.version} reached the trainer with other weights than were decided.`)
  })
}

/** Fails where an observation is not in the history exactly once. Keys: attempt/step/rank. */
export function assertExactlyOnce(
  found: readonly { readonly key: string; readonly times: number }[],
  expected: readonly string[],
): void {
  const times = new Map(found.map((one) => [one.key, one.times]))
  for (const key of expected) {
    const count = times.get(key) ?? 0
    if (count !== 1) throw new Error(`The observation ${key} is in the history ${count} times.`)
  }
  const wanted = new Set(expected)
  for (const { key } of found)
    if (!wanted.has(key)) throw new Error(`The observation ${key} is in the history, but was never sent.`)
}

/** Fails where a run's facts differ from those expected, in their order, their type, or anything they say. */
export function assertFactsMatch(actual: readonly LedgerEvent[], expected: readonly LedgerEvent[]): void {
  for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
    const [is, should] = [actual[i], expected[i]]
    if (is === undefined) throw new Error(`Fact ${i} (${should!.type}) is missing.`)
    if (should === undefined) throw new Error(`Fact ${i} (${is.type}) was not expected.`)
    if (is.type !== should.type) throw new Error(`Fact ${i} is ${is.type} instead of ${should.type}.`)
    const [said, meant] = [canonicalJson(is.data), canonicalJson(should.data)]
    if (said !== meant) throw new Error(`Fact ${i} (${is.type}) says ${said} instead of ${meant}.`)
  }
}

/** Fails where the last message is not the newest mixture: a trainer that starts late would go on with an old one. */
export function assertNewestLast(commands: readonly MixtureSet[]): void {
  const newest = Math.max(...commands.map((command) => command.version))
  const last = commands.at(-1)?.version
  if (last !== newest) throw new Error(`The last command carries version ${last}, the newest is ${newest}.`)
}

/** Fails where the places found are not exactly those expected; each may be found more than once. */
export function assertSamePlaces(found: Iterable<string>, expected: Iterable<string>, what: string): void {
  const [is, should] = [new Set(found), new Set(expected)]
  for (const place of should) if (!is.has(place)) throw new Error(`${what} ${place} is missing.`)
  for (const place of is) if (!should.has(place)) throw new Error(`${what} ${place} was not expected.`)
}

/** Fails where the log does not hold everything that was sent, in the order sent (repeats between are allowed). */
export function assertLogHolds(log: readonly object[], sent: readonly object[], run: string): void {
  let at = 0
  const lines = log.map((one) => canonicalJson(one))
  for (const one of sent) {
    const line = canonicalJson(one)
    const found = lines.indexOf(line, at)
    if (found < 0) throw new Error(`The log of ${run} does not hold ${line} where it was sent.`)
    at = found + 1
  }
}

export type PartitionLag = { readonly partition: number; readonly end: string; readonly committed: string }
/** Fails where a group has not committed the end of every partition that holds something. */
export function assertCaughtUp(lags: readonly PartitionLag[], what: string): void {
  for (const { partition, end, committed } of lags)
    if (BigInt(end) > 0n && committed !== end)
      throw new Error(`${what}: partition ${partition} ends at ${end}, ${committed} is committed.`)
}
