import { bar, sparkline } from '../terminal/bars.js'
import { clock, loss } from '../terminal/numbers.js'
import type { Colors } from '../terminal/terminal.js'
import { cut, harmless, padEnd } from '../terminal/text.js'
import { averageOf, decisionsPerSecond, type RunView } from './run-view.js'

export type Picture = {
  readonly url: string
  readonly views: readonly RunView[]
  readonly seconds: number
  readonly nowMs: number
}
export type Canvas = { readonly width: number; readonly colors: Colors }

const names = 12
const gap = 2
/** Narrower than this, the runs do not fit side by side. */
export const leastWidth = 72

/** The demo as it is now, the runs side by side, in lines that fit. */
export function liveLines({ url, views, seconds, nowMs }: Picture, { width, colors }: Canvas): string[] {
  const room = Math.min(36, Math.floor((Math.min(width, 130) - names) / views.length) - gap)
  const row = (
    name: string,
    cells: readonly string[],
    paint: (cell: string, i: number) => string = same,
  ): string =>
    [
      colors.dim(padEnd(cut(name, names - 1), names)),
      ...cells.map((cell, i) => paint(padEnd(cut(cell, room), room), i) + ' '.repeat(gap)),
    ]
      .join('')
      .trimEnd()

  const domains = [...new Set(views.flatMap((view) => Object.keys(view.weights)))]
  const most = Math.max(
    2 / Math.max(1, domains.length),
    ...views.flatMap((view) => Object.values(view.weights)),
  )
  const bars = room - 12
  const reasons = views
    .filter((view) => view.reason !== '')
    .map((view) => cut(harmless(`${padEnd(view.run.policy, names)}${view.reason}`), width))
  const total = names + views.length * (room + gap) - gap
  const title = `Mixdesk demo   ${url}`
  return [
    `${colors.bold('Mixdesk demo')}   ${colors.cyan(url)}${clock(seconds).padStart(Math.max(1, total - title.length))}`,
    '',
    row(
      '',
      views.map((view) => view.run.title),
      (cell) => colors.bold(cell),
    ),
    row(
      '',
      views.map((view) => stateOf(view, room)),
      (cell, i) =>
        views[i]!.state === 'done'
          ? colors.green(cell)
          : views[i]!.state === 'waiting'
            ? colors.dim(cell)
            : cell,
    ),
    row(
      'mixture',
      views.map((view) =>
        view.versions.length === 0
          ? ''
          : `v${view.version}, ${decisionsPerSecond(view, nowMs).toFixed(1)} decisions/s`,
      ),
    ),
    row(
      'mean loss',
      views.map((view) =>
        view.losses.length === 0
          ? ''
          : `${loss(averageOf(view.loss), 2)}  ${sparkline(view.losses, room - 6)}`,
      ),
      (cell) => colors.yellow(cell),
    ),
    '',
    row(
      '',
      views.map((view) =>
        view.versions.length === 0
          ? ''
          : view.meaning === 'lossMultiplier'
            ? 'loss  weight of loss'
            : 'loss  share of batch',
      ),
      (cell) => colors.dim(cell),
    ),
    ...domains.map((domain) =>
      row(
        domain,
        views.map((view) => {
          const weight = view.weights[domain]
          if (weight === undefined) return ''
          return `${loss(view.loss[domain], 2).padStart(4)}  ${bar(weight, bars, most)} ${`${(weight * 100).toFixed(0)} %`.padStart(4)}`
        }),
        (cell) => cell.slice(0, 6) + colors.cyan(cell.slice(6)),
      ),
    ),
    ...(reasons.length > 0 ? ['', ...reasons.map((line) => colors.dim(line))] : []),
  ]
}

const same = (text: string): string => text

function stateOf(view: RunView, room: number): string {
  if (view.state === 'waiting') return view.run.needsReference ? 'waits for uniform' : 'waits'
  if (view.state === 'starting') return 'reading its texts'
  const took =
    view.endedMs === undefined || view.beganMs === undefined
      ? ''
      : ` in ${clock((view.endedMs - view.beganMs) / 1000)}`
  if (view.state === 'done') return `done${took}`
  const steps = `${view.done}/${view.steps}`
  return `${bar(view.done / view.steps, room - steps.length - 2)}  ${steps}`
}

/** One line about a run, for a log. */
export function plainLine(view: RunView, seconds: number, nowMs: number): string {
  const weights = Object.entries(view.weights).map(
    ([domain, weight]) => `${domain} ${loss(view.loss[domain], 2)} (${(weight * 100).toFixed(0)} %)`,
  )
  return `${clock(seconds)}  ${view.run.policy.padEnd(8)} step ${view.done}/${view.steps}  v${view.version}, ${decisionsPerSecond(view, nowMs).toFixed(1)} decisions/s  loss (weight): ${weights.join('  ')}`
}
