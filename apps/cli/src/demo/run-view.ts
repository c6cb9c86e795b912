import type { PlannedRun } from './plan.js'
import type { ProgressLine } from './progress-line.js'

export type RunView = {
  readonly run: PlannedRun
  readonly steps: number
  readonly state: 'waiting' | 'starting' | 'training' | 'done'
  /** Steps that are done. */
  readonly done: number
  readonly loss: { readonly [domain: string]: number | null }
  readonly weights: { readonly [domain: string]: number }
  readonly meaning: string
  readonly version: number
  readonly heldOut: { readonly [domain: string]: number | null } | undefined
  /** Mean loss over domains, line by line. */
  readonly losses: readonly number[]
  /** When which version was in force, for the rate. */
  readonly versions: readonly { readonly atMs: number; readonly version: number }[]
  readonly beganMs: number | undefined
  readonly endedMs: number | undefined
  /** The newest fact of the ledger about it, in a sentence. */
  readonly reason: string
}

export const newRunView = (run: PlannedRun, steps: number): RunView => ({
  run,
  steps,
  state: 'waiting',
  done: 0,
  loss: {},
  weights: {},
  meaning: 'samplingProbability',
  version: 0,
  heldOut: undefined,
  losses: [],
  versions: [],
  beganMs: undefined,
  endedMs: undefined,
  reason: '',
})

export const started = (view: RunView, nowMs: number): RunView => ({
  ...view,
  state: 'starting',
  beganMs: nowMs,
})
export const ended = (view: RunView, nowMs: number): RunView => ({ ...view, state: 'done', endedMs: nowMs })

export function reported(view: RunView, line: ProgressLine, nowMs: number): RunView {
  return {
    ...view,
    state: 'training',
    done: line.step + 1,
    loss: line.loss ?? view.loss,
    weights: line.weights,
    meaning: line.meaning,
    version: line.mixtureVersion,
    heldOut: line.heldOut ?? view.heldOut,
    losses: line.loss === undefined ? view.losses : [...view.losses, averageOf(line.loss)],
    versions: [...view.versions, { atMs: nowMs, version: line.mixtureVersion }],
  }
}

const rateWindowMs = 8000

/** New mixtures taken into effect a second, over the last seconds while it trains, over the whole run once it is done. */
export function decisionsPerSecond(view: RunView, nowMs: number): number {
  const since = view.state === 'done' ? 0 : nowMs - rateWindowMs
  const first = view.versions.find(({ atMs }) => atMs >= since)
  const last = view.versions.at(-1)
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0
  return ((last.version - first.version) * 1000) / (last.atMs - first.atMs)
}

const finite = (losses: { readonly [domain: string]: number | null }): number[] =>
  Object.values(losses).filter((value) => value !== null)

/** Over domains, each counting the same. */
export function averageOf(losses: { readonly [domain: string]: number | null }): number {
  const values = finite(losses)
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
export const worstOf = (losses: { readonly [domain: string]: number | null }): number =>
  Math.max(...finite(losses))
