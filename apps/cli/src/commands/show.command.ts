import { Command } from 'commander'
import type { LedgerEnvelope, MixtureSet } from '@mixdesk/contracts'
import { action } from '../command.js'
import type { CurvePoint, Run } from '../server/api.types.js'
import { pathOf, type Http } from '../server/http.js'
import { bar } from '../terminal/bars.js'
import { ago, loss, percent, whole } from '../terminal/numbers.js'
import { withProgress } from '../terminal/progress.js'
import type { Terminal } from '../terminal/terminal.js'
import { harmless, padEnd } from '../terminal/text.js'
import { sentenceOfFact, stepOfFact, wordOfFact } from './facts.js'
import { statusPaint } from './run-status.js'

type Shown = {
  readonly run: Run
  readonly mixture: MixtureSet | undefined
  readonly decisions: readonly LedgerEnvelope[]
  readonly losses: readonly CurvePoint[]
}

export const showCommand = (): Command =>
  new Command('show')
    .description('show a run: settings, state, its mixture now, and its last decisions with their reasons')
    .argument('<run>', 'name of the run')
    .option('--decisions <n>', 'how many of the last decisions', '5')
    .action(
      action<{ readonly decisions: string }>(async ({ terminal, json, options, http }, run) => {
        const shown = await withProgress('waiting for the run', () => look(http(), run, options.decisions))
        if (json) terminal.printJson(shown)
        else print(terminal, shown)
      }),
    )

async function look(http: Http, name: string, limit: string): Promise<Shown> {
  const run = (await http.ask(pathOf(name))) as Run
  const [mixture, { decisions }, { points }] = await Promise.all([
    // A run that was refused has none (409); neither has one without a decision (204).
    http.ask(pathOf(name, 'mixture'), { alsoRead: [409] }) as Promise<MixtureSet | undefined>,
    http.ask(pathOf(name, 'decisions'), { query: { limit } }) as Promise<{ decisions: LedgerEnvelope[] }>,
    // Without a history (503) the rest can be shown all the same.
    http.ask(pathOf(name, 'curve'), {
      query: { points: 1, from: Math.max(0, run.step - 20) },
      alsoRead: [503],
    }) as Promise<{ points?: CurvePoint[] }>,
  ])
  return {
    run,
    mixture: mixture !== undefined && 'weights' in mixture ? mixture : undefined,
    decisions,
    losses: points ?? [],
  }
}

function print(terminal: Terminal, { run, mixture, decisions, losses }: Shown): void {
  const { colors } = terminal
  const state = run.frozen && run.status === 'running' ? 'frozen' : run.status
  terminal.print(`${colors.bold(run.run)}  ${statusPaint(colors)(state)}`)
  const facts: (readonly [string, string])[] = [
    ['project', run.project],
    ['policy', mixture === undefined ? run.policy : `${run.policy}, version ${mixture.policy.version}`],
    [
      'step',
      `${run.step < 0 ? 'none yet' : whole(run.step)}, attempt ${run.attempt}, ${whole(run.ranks)} ${run.ranks === 1 ? 'rank' : 'ranks'}`,
    ],
    ['started', `${run.startedAt} (${ago(run.startedAt, Date.now())})`],
    ['tags', run.tags.join(', ')],
    [
      'params',
      Object.entries(run.params)
        .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
        .join(', '),
    ],
    ['notes', run.notes],
    [
      'counts',
      Object.entries(run.counts)
        .map(([reason, count]) => `${reason} ${whole(count)}`)
        .join(', '),
    ],
    ['problems', run.problems.join(' ')],
    ['warnings', (run.warnings ?? []).join(' ')],
  ]
  for (const [name, value] of facts)
    if (value !== '') terminal.print(`  ${colors.dim(padEnd(name, 10))}${harmless(value)}`)

  terminal.print()
  printMixture(terminal, run, mixture, losses)
  terminal.print()
  if (decisions.length === 0) return terminal.print('No decisions yet.')
  terminal.print(colors.bold('Last decisions, newest first'))
  terminal.table(
    [
      { name: 'step', align: 'right' },
      { name: 'what', least: 7 },
      { name: 'because', least: 24 },
    ],
    decisions.map((fact) => [
      String(stepOfFact(fact) ?? ''),
      wordOfFact(fact),
      sentenceOfFact(fact, run.domains),
    ]),
  )
}

function printMixture(
  terminal: Terminal,
  run: Run,
  mixture: MixtureSet | undefined,
  losses: readonly CurvePoint[],
): void {
  const { colors } = terminal
  if (mixture === undefined)
    return terminal.print('No mixture has been decided yet; the trainer uses the one it started with.')
  const means =
    mixture.meaning === 'lossMultiplier'
      ? 'factors on the loss, sampling stays uniform'
      : 'sampling probabilities'
  terminal.print(
    `${colors.bold(`Mixture v${mixture.version}`)}  ${colors.dim(`${means}, from step ${whole(mixture.fromStep)} on`)}`,
  )
  const most = Math.max(...mixture.weights)
  const lossOf = new Map(losses.map((point) => [point.domain, point.loss]))
  const room = Math.max(8, Math.min(40, terminal.width - 44))
  terminal.table(
    [
      { name: 'domain', least: 12 },
      { name: 'weight', align: 'right', least: 7 },
      { name: '', least: room, paint: colors.cyan },
      { name: 'loss', align: 'right', least: 5 },
    ],
    run.domains.map((domain, i) => [
      domain,
      percent(mixture.weights[i]),
      bar(mixture.weights[i] ?? 0, room, most),
      loss(lossOf.get(domain)),
    ]),
  )
}
