import type { Analytics, HistoryBlock, LogEntry, ObservationRow, RunEventRow } from '@mixdesk/analytics'
import type { LedgerData, LedgerEnvelope, LedgerEventType } from '@mixdesk/contracts'

/** How the suite gets its history. `sql`: whether people's SQL can be asked of it. */
export type AnalyticsUnderTest = { readonly analytics: () => Analytics; readonly sql: boolean }

let tokens = 0
export const block = (parts: Partial<HistoryBlock>): HistoryBlock => ({
  ...{
    token: `block-${++tokens}-${process.pid}-${Date.now()}`,
    observations: [],
    runEvents: [],
    evaluations: [],
    metrics: [],
    ledger: [],
    deadLetters: [],
  },
  ...parts,
})

/** Rows of one run; offsets are the caller's. */
export function rowsOf(run: string) {
  const identity = { project: 'p', run, partition: 3 }
  return {
    observation: (offset: number, row: Partial<ObservationRow> = {}): ObservationRow => ({
      ...{
        ...identity,
        attempt: 1,
        step: offset,
        rank: 0,
        mixtureVersion: 0,
        domains: [0, 1],
        tokens: [10, 20],
        lossSum: [20, 60],
        sequences: [1, 2],
        signals: {},
        time: 1_700_000_000_000 + offset,
      },
      offset: String(offset),
      ...row,
    }),
    event: (offset: number, row: Partial<RunEventRow> = {}): RunEventRow => ({
      ...{
        ...identity,
        attempt: 1,
        step: 0,
        name: 'checkpoint.saved',
        data: '{}',
        time: 1_700_000_000_000 + offset,
        offset: String(offset),
      },
      ...row,
    }),
    fact: <T extends LedgerEventType>(
      version: number,
      type: T,
      data: Omit<LedgerData<T>, 'run' | 'project' | 'attempt'> & { attempt?: number },
    ): LedgerEnvelope =>
      ({
        ...{
          id: `${run}-${version}`,
          stream: `run-${run}`,
          version,
          position: String(version * 10),
          schemaVersion: 1,
          recordedAt: '2026-01-02T03:04:05.678Z',
          type,
        },
        data: { run, project: 'p', attempt: 1, ...data },
      }) as LedgerEnvelope,
  }
}

export const policy = { name: 'odm', version: 2, configDigest: 'c0ffee' }
export const start = {
  policy: { ...policy, config: {} },
  guards: {},
  ranks: 2,
  cadence: 10,
  lateness: 64,
  params: { seed: 1 },
  tags: ['a', "it's"],
  notes: 'first',
  weights: [0.5, 0.5],
}
export const twoDomains = [{ name: 'web' }, { name: 'code' }]

export function decided(
  version: number,
  step: number,
  fromStep: number,
  weights: readonly number[],
): Omit<LedgerData<'MixtureDecided'>, 'run' | 'project' | 'attempt'> {
  return {
    ...{
      decisionId: `d${version}`,
      version,
      step,
      fromStep,
      weights: [...weights],
      proposed: [0.1, 0.9],
      previous: [0.5, 0.5],
      meaning: 'samplingProbability',
      policy,
      stateDigest: 's',
    },
    because: { summary: 'Code learns faster.', parts: { excessLoss: [-0.4, 0.4] } },
    guards: [{ guard: 'largestChange', because: 'It was cut to 0.2.' }],
    evidence: {
      fromStep: 0,
      toStep: step,
      steps: step + 1,
      observations: 2 * (step + 1),
      tokens: 60,
      digest: 'e',
    },
  }
}

export async function logOf(
  analytics: Analytics,
  run: string,
  options?: { afterOffset?: string; pageRows?: number },
): Promise<LogEntry[]> {
  const entries: LogEntry[] = []
  for await (const page of analytics.readLog(run, options)) entries.push(...page)
  return entries
}
export const offsetsOf = (entries: readonly LogEntry[]): string[] => entries.map(({ row }) => row.offset)

/** A small generator with a seed, so that a failure can be run again. */
export function randomDoubles(seed: number, count: number): number[] {
  const bits = new Uint32Array(2)
  const double = new Float64Array(bits.buffer)
  let state = seed
  const next = () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39) | 0
    return (state ^ (state >>> 12)) >>> 0
  }
  const numbers = [
    5e-324,
    -5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    0.1,
    1 / 3,
    2 ** 53 + 2,
    1e21,
    123456789.12345679,
  ]
  while (numbers.length < count) {
    bits[0] = next()
    // Every seventh is subnormal.
    bits[1] = numbers.length % 7 === 0 ? next() & 0x800fffff : next()
    if (Number.isFinite(double[0]) && double[0] !== 0) numbers.push(double[0]!)
  }
  return numbers
}
