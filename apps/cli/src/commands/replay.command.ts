import { Command } from 'commander'
import { action } from '../command.js'
import { CliError } from '../cli-error.js'
import { pathOf, type Http } from '../server/http.js'
import { percent, whole } from '../terminal/numbers.js'
import { withProgress, type Progress } from '../terminal/progress.js'
import type { Terminal } from '../terminal/terminal.js'
import { wrap } from '../terminal/text.js'
import { parseSettings } from './settings.js'
import type { Run } from '../server/api.types.js'

/** What the server answers for the same policy: the proof that its decisions can be made again. */
type SameResult = {
  readonly identical: boolean
  readonly compared: number
  readonly observations?: number
  readonly elapsedMs?: number
  readonly digest?: { readonly recorded: string; readonly replayed: string }
  readonly firstDifference?: string
}
/** And for another one: both mixtures at every step at which either was decided. */
type Row = {
  readonly step: number
  readonly recorded: readonly number[]
  readonly other: readonly number[]
  readonly totalVariation: number
  readonly effectiveSampleShare?: number | null
}
type OtherResult = {
  readonly steps: readonly Row[]
  readonly holds?: readonly { readonly step: number; readonly because: string }[]
  readonly meanTotalVariation?: number | null
  readonly meanEffectiveSampleShare?: number | null
  readonly offPolicyWarning?: string
}
type Message = {
  readonly progress?: { readonly observations: number }
  readonly result?: unknown
  readonly problem?: { readonly detail?: string }
}
type Options = { readonly policy?: string; readonly set: readonly string[] }

export const replayCommand = (): Command =>
  new Command('replay')
    .description(
      'feed a recorded run to its policy again, and prove the decisions; or to another policy, and see what that would have decided',
    )
    .argument('<run>', 'name of the run')
    .option('--policy <name>', 'another policy, or the same one with other settings')
    .option(
      '--set <key=value>',
      'a setting of that policy; may be given several times',
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .action(
      action<Options>(async ({ terminal, json, options, http }, name) => {
        const server = http()
        const run = (await server.ask(pathOf(name))) as Run
        const config = parseSettings(options.set)
        const other = options.policy !== undefined || options.set.length > 0
        const body = other
          ? { policy: options.policy ?? run.policy, ...(options.set.length === 0 ? {} : { config }) }
          : {}
        const result = await withProgress('replaying', (progress) => replay(server, name, body, progress))
        const same = result as SameResult | { readonly identical?: undefined }
        if (json) terminal.printJson(result)
        else if (same.identical !== undefined) printSame(terminal, run, same)
        else printOther(terminal, run, options.policy ?? run.policy, result as OtherResult)
        if (same.identical === false) process.exitCode = 1
      }),
    )

async function replay(http: Http, run: string, body: object, progress: Progress): Promise<unknown> {
  for await (const message of http.stream(pathOf(run, 'replay'), { body }) as AsyncIterable<Message>) {
    if (message.problem !== undefined)
      throw new CliError('problem', message.problem.detail ?? 'The replay failed, without a reason.')
    if (message.result !== undefined) return message.result
    if (message.progress !== undefined)
      progress.update(`replaying, ${whole(message.progress.observations)} observations`)
  }
  throw new CliError('failed', 'The replay ended without a result; the log of the server says more.')
}

function printSame(
  terminal: Terminal,
  run: Run,
  { identical, compared, digest, firstDifference }: SameResult,
): void {
  const { colors } = terminal
  const decisions = `${whole(compared)} ${compared === 1 ? 'decision' : 'decisions'}`
  if (identical)
    terminal.print(
      `${colors.green('identical')}  ${run.run}: ${decisions} of ${run.policy} made again from the log, the same to the bit.`,
    )
  else
    terminal.print(`${colors.red('different')}  ${run.run}: ${decisions} compared. ${firstDifference ?? ''}`)
  if (digest !== undefined) {
    terminal.print(`  ${colors.dim('certificate, recorded')}  ${digest.recorded}`)
    terminal.print(`  ${colors.dim('certificate, replayed')}  ${digest.replayed}`)
  }
}

function printOther(terminal: Terminal, run: Run, policy: string, result: OtherResult): void {
  const { colors } = terminal
  const domains = run.domains.slice(0, 12)
  terminal.print(
    `What ${colors.bold(policy)} would have decided in ${colors.bold(run.run)} (weights in %, recorded → ${policy})`,
  )
  terminal.table(
    [
      { name: 'step', align: 'right' },
      ...domains.map((name) => ({ name, least: 9 })),
      { name: 'apart', align: 'right', least: 6, paint: colors.yellow },
      { name: 'effective', align: 'right', least: 6 },
    ],
    thin(result.steps, 20).map(({ step, recorded, other, totalVariation, effectiveSampleShare }) => [
      whole(step),
      ...domains.map((_, i) => `${share(recorded[i])} → ${share(other[i])}`),
      percent(totalVariation),
      percent(effectiveSampleShare),
    ]),
  )
  const notes = [
    result.steps.length > 20
      ? `20 of ${whole(result.steps.length)} decisions are shown; --json has them all.`
      : '',
    run.domains.length > domains.length
      ? `${domains.length} of ${run.domains.length} domains are shown; --json has them all.`
      : '',
    `Apart: half the sum of |recorded − ${policy}|, on average ${percent(result.meanTotalVariation)}. Effective: share of the recorded samples that still counts under the other mixture, on average ${percent(result.meanEffectiveSampleShare)}.`,
    ...(result.holds ?? [])
      .slice(0, mostHolds)
      .map(({ step, because }) => `Held from step ${whole(step)}: ${because}`),
    result.offPolicyWarning ?? '',
  ]
  for (const note of notes)
    if (note !== '')
      for (const line of wrap(note, Math.min(terminal.width, 110))) terminal.print(colors.dim(line))
}

/** Reasons for holding that are told; --json has them all. */
const mostHolds = 3

const share = (value: number | undefined): string => (value === undefined ? '–' : (value * 100).toFixed(0))

/** At most `most` of them, evenly spread, first and last among them. */
function thin<T>(values: readonly T[], most: number): readonly T[] {
  if (values.length <= most) return values
  return Array.from({ length: most }, (_, i) => values[Math.round((i * (values.length - 1)) / (most - 1))]!)
}
