import type { RunStarted, TrainerEvent } from '@mixdesk/contracts'
import { refoldLearning } from '@mixdesk/mixture'
import {
  aRun,
  annotated,
  applied,
  checkpoint,
  decisionsIn,
  domainsNamed,
  evaluation,
  finished,
  freeze,
  inLog,
  losses,
  override,
  refused,
  resumed,
  tell,
  thaw,
} from '../support/facts.js'
import { writeHistory } from './histories.js'

/** A number in [0, 1) that looks random: a mixed-up count, the same everywhere. */
function noise(seed: number): number {
  let x = Math.imul(seed + 0x9e3779b9, 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32
}

/** Integers and sums of fractions of powers of two: no transcendental function goes into the log. */
function step(at: number, attempt: number, version: number, domains: number, ranks: number): TrainerEvent[] {
  return Array.from({ length: ranks }, (_, place) => (place + at) % ranks).flatMap((rank) => {
    if (noise(at * 31 + rank * 7 + attempt) < 0.02) return []
    const tokens = Array.from({ length: domains }, (_, i) =>
      Math.floor(512 + 512 * noise(at * 97 + rank * 13 + i)),
    )
    const lossSum = tokens.map((count, i) =>
      noise(at * 131 + rank * 17 + i) < 0.001
        ? null
        : count * (2 + i / 8 + 4 / (at + 2) + noise(at * 57 + rank * 5 + i * 3) / 4),
    )
    const signals = {
      clippedExcessSum: lossSum.map((loss, i) => (loss === null ? null : (loss * ((i % 4) + 1)) / 16)),
    }
    const said = losses(at, rank, {
      attempt,
      mixtureVersion: version,
      tokens,
      lossSum,
      sequences: tokens.map(() => 4),
      signals,
    })
    return noise(at + rank * 1009) < 0.03 ? [said, said] : [said]
  })
}

/** A run in which everything happens once: missing ranks, repeats, bad numbers, people, a crash, a resume, a second one. */
function eventful(started: Partial<RunStarted>): TrainerEvent[] {
  const [domains, ranks] = [8, 3]
  const from = (first: number, last: number, attempt: number, version: (at: number) => number) =>
    Array.from({ length: last - first + 1 }, (_, i) =>
      step(first + i, attempt, version(first + i), domains, ranks),
    ).flat()
  const lagging = (at: number) => Math.max(1, Math.floor(at / 5) - 6)
  return [
    aRun({
      ranks,
      cadence: 5,
      lateness: 8,
      domains: domainsNamed(domains).map((domain, i) => ({ ...domain, weight: i + 1, tokens: 1e9 })),
      ...started,
    }),
    applied(1, 0),
    applied(1, 1),
    applied(1, 2),
    ...from(0, 59, 1, lagging),
    evaluation(59, { loss: [3, 2, null, 4, 3, 2, 1, 3], scores: { mmlu: 0.25, arc: null } }),
    override('r1', [0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]),
    ...from(60, 89, 1, lagging),
    checkpoint(80),
    checkpoint(89),
    refused(4),
    annotated({ tags: ['recorded'] }),
    freeze('r2'),
    ...from(90, 109, 1, lagging),
    thaw('r3'),
    ...from(110, 139, 1, lagging),
    resumed(2, 89),
    resumed(2, 89),
    ...from(90, 120, 2, lagging),
    ...from(121, 125, 1, lagging),
    resumed(3, 100, { ranks: 2 }),
    ...from(101, 160, 3, (at) => lagging(at) + 8),
    finished(160, { attempt: 3 }),
  ]
}

/** Every recorded history by name. */
export const recipes: { readonly [name: string]: readonly TrainerEvent[] } = {
  'odm-eventful': eventful({
    policy: { name: 'odm' },
    guards: { floor: 0.02, ceiling: 0.5, largestChange: 0.2 },
  }),
  'odm-paper-eventful': eventful({
    policy: { name: 'odm', config: { variant: 'paper' } },
    guards: { acknowledgeWithin: 20 },
  }),
  'odm-rules-2': eventful({
    policy: { name: 'odm', config: { variant: 'official-exp3' } },
    guards: { floor: 0.02, ceiling: 0.5, largestChange: 0.2 },
  }),
  'doremi-eventful': eventful({ policy: { name: 'doremi' }, guards: { minimumEvidence: { steps: 10 } } }),
}

/** The rules each was decided by: a run keeps those it began with. A new version of them gets a history of its own. */
export const rulesOf: { readonly [name in keyof typeof recipes]: number } = {
  'odm-eventful': 1,
  'odm-paper-eventful': 1,
  'doremi-eventful': 1,
  'odm-rules-2': 2,
}

/** Decides a history as the server would, and writes it down. */
export function record(name: string): void {
  const messages = inLog(recipes[name]!)
  const { effects } = tell(messages, {
    fetch: ({ step: at, beforeAttempt }) => refoldLearning(messages, at, beforeAttempt),
  })
  writeHistory(name, { messages, decisions: decisionsIn(effects) })
}
