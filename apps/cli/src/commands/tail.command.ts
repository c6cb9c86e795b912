import { Command } from 'commander'
import type { LedgerEnvelope } from '@mixdesk/contracts'
import { setTimeout as delay } from 'node:timers/promises'
import { action } from '../command.js'
import type { CurvePoint, Run } from '../server/api.types.js'
import { pathOf, type Http } from '../server/http.js'
import { loss, whole } from '../terminal/numbers.js'
import type { Terminal } from '../terminal/terminal.js'
import { cut, harmless } from '../terminal/text.js'
import { sentenceOfFact, stepOfFact, wordOfFact } from './facts.js'

const lookEveryMs = 500
/** Losses are told at most this often: they come by the thousand. */
const lossesEveryMs = 2000

export const tailCommand = (): Command =>
  new Command('tail')
    .description('follow a run: decisions, holds and losses as they come, until it ends or Ctrl-C')
    .argument('<run>', 'name of the run')
    .option('--last <n>', 'begin with this many past decisions', '5')
    .action(
      action<{ readonly last: string }>(async ({ terminal, json, options, http }, name) => {
        const stopping = new AbortController()
        process.once('SIGINT', () => stopping.abort())
        const say = json
          ? (line: Line) => terminal.printLine(line)
          : (line: Line) => printLine(terminal, line)
        try {
          await follow(http(), name, options.last, say, stopping.signal)
        } catch (error) {
          if (!stopping.signal.aborted) throw error
        }
      }),
    )

type Line =
  | { readonly kind: 'decision'; readonly fact: LedgerEnvelope; readonly domains: readonly string[] }
  | {
      readonly kind: 'losses'
      readonly step: number
      readonly losses: { readonly [domain: string]: number | null }
    }
  | { readonly kind: 'ended'; readonly status: string; readonly step: number }

async function follow(
  http: Http,
  name: string,
  last: string,
  say: (line: Line) => void,
  signal: AbortSignal,
): Promise<void> {
  let run = (await http.ask(pathOf(name), { signal })) as Run
  const past = await decisionsOf(http, name, { limit: last }, signal)
  let version = past[0]?.version ?? 0
  for (const fact of past.toReversed()) say({ kind: 'decision', fact, domains: run.domains })

  let told = run.step - 1
  let toldAt = 0
  for (;;) {
    const ended = run.status !== 'running'
    const news = await decisionsOf(http, name, { after: version, limit: 1000 }, signal)
    version = news.at(-1)?.version ?? version
    for (const fact of news) say({ kind: 'decision', fact, domains: run.domains })
    if (run.step > told && (ended || performance.now() - toldAt >= lossesEveryMs)) {
      const losses = await lossesSince(http, name, told + 1, signal)
      if (losses !== undefined) {
        told = losses.step
        toldAt = performance.now()
        say(losses)
      }
    }
    if (ended) return say({ kind: 'ended', status: run.status, step: run.step })
    await delay(lookEveryMs, undefined, { signal })
    run = (await http.ask(pathOf(name), { signal })) as Run
  }
}

async function decisionsOf(
  http: Http,
  run: string,
  query: { readonly after?: number; readonly limit: string | number },
  signal: AbortSignal,
): Promise<readonly LedgerEnvelope[]> {
  return ((await http.ask(pathOf(run, 'decisions'), { query, signal })) as { decisions: LedgerEnvelope[] })
    .decisions
}

/** The newest loss of each domain from this step on; undefined when the history has none yet, or there is no history. */
async function lossesSince(
  http: Http,
  run: string,
  from: number,
  signal: AbortSignal,
): Promise<Extract<Line, { kind: 'losses' }> | undefined> {
  const { points = [] } = (await http.ask(pathOf(run, 'curve'), {
    query: { points: 1000, from },
    alsoRead: [503],
    signal,
  })) as { points?: CurvePoint[] }
  const newest = new Map<string, CurvePoint>()
  for (const point of points)
    if (point.step >= (newest.get(point.domain)?.step ?? -1)) newest.set(point.domain, point)
  if (newest.size === 0) return undefined
  const step = Math.max(...[...newest.values()].map((point) => point.step))
  return {
    kind: 'losses',
    step,
    losses: Object.fromEntries([...newest].map(([domain, point]) => [domain, point.loss])),
  }
}

function printLine(terminal: Terminal, line: Line): void {
  const { colors, width } = terminal
  const put = (step: number | undefined, what: string, text: string, paint: (text: string) => string): void =>
    terminal.print(
      `${colors.dim(String(step ?? '').padStart(8))}  ${paint(what.padEnd(10))}  ${cut(harmless(text), width - 22)}`,
    )
  if (line.kind === 'decision')
    put(
      stepOfFact(line.fact),
      wordOfFact(line.fact),
      sentenceOfFact(line.fact, line.domains),
      line.fact.type === 'MixtureDecided' ? colors.cyan : colors.yellow,
    )
  else if (line.kind === 'losses')
    put(
      line.step,
      'loss',
      Object.entries(line.losses)
        .map(([domain, value]) => `${domain} ${loss(value)}`)
        .join('  '),
      colors.dim,
    )
  else terminal.print(`The run is ${line.status}, at step ${whole(line.step)}.`)
}
