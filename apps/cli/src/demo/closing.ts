import { loss, percent } from '../terminal/numbers.js'
import type { Terminal } from '../terminal/terminal.js'
import { wrap } from '../terminal/text.js'
import { averageOf, worstOf, type RunView } from './run-view.js'

export type Closing = {
  readonly views: readonly RunView[]
  /** Weights each run ended with, by domain; for DoReMi the averaged ones, which are its result. */
  readonly weights: ReadonlyMap<string, { readonly [domain: string]: number }>
  readonly url: string
  /** How a person calls the CLI for this home, such as `npx mixdesk`. */
  readonly call: string
  /** The server is stopped now. */
  readonly exits: boolean
  readonly proof: string | undefined
}

/** What came out, what it is not, and what to do next. */
export function printClosing(terminal: Terminal, { views, weights, url, call, exits, proof }: Closing): void {
  const { colors } = terminal
  const domains = [...new Set(views.flatMap((view) => Object.keys(view.heldOut ?? {})))]
  const label = (view: RunView): string => (view.run.needsReference ? `${view.run.policy}*` : view.run.policy)
  const mixed = views.filter((view) => view.run.policy !== 'uniform')
  const row = (
    name: string,
    pick: (view: RunView) => number | null | undefined,
    weigh: (view: RunView) => number | undefined,
  ): string[] => [
    name,
    ...views.map((view) => loss(pick(view))),
    ...mixed.map((view) => percent(weigh(view))),
  ]
  terminal.print(colors.bold('Held-out loss in nats per byte, and the weights each policy arrived at'))
  terminal.table(
    [
      { name: 'text', least: 10 },
      ...views.map((view) => ({ name: label(view), align: 'right' as const, least: 7 })),
      ...mixed.map((view) => ({
        name: `${label(view)} weight`,
        align: 'right' as const,
        least: 7,
        paint: colors.cyan,
      })),
    ],
    [
      ...domains.map((domain) =>
        row(
          domain,
          (view) => view.heldOut?.[domain],
          (view) => weights.get(view.run.id)?.[domain],
        ),
      ),
      row(
        'average',
        (view) => view.heldOut && averageOf(view.heldOut),
        () => undefined,
      ),
      row(
        'worst',
        (view) => view.heldOut && worstOf(view.heldOut),
        () => undefined,
      ),
    ],
  )
  terminal.print()
  const steps = views[0]?.steps ?? 0
  const notes = [
    `One seed, one small model, ${steps} steps: this shows the loop at work, and is no claim about policies.`,
    "* doremi is DoReMi's proxy stage: batches drawn evenly, losses weighted by group DRO against uniform's model. Its result is the averaged weights shown, by which a main run would sample, not its own loss.",
    ...(proof === undefined ? [] : [proof]),
  ]
  for (const note of notes)
    for (const line of wrap(note, Math.min(terminal.width, 100))) terminal.print(colors.dim(line))

  const best = views.find((view) => view.run.policy === 'odm') ?? views[0]
  if (best === undefined) return
  const run = best.run.id
  const last = Math.max(0, steps - 50)
  terminal.print()
  terminal.print(
    colors.bold(exits ? `What to try next, after ${call} start` : 'What to try next, in another terminal'),
  )
  const next: readonly (readonly [string, string])[] = [
    ['its settings, mixture and reasons', `${call} show ${run}`],
    ['prove its decisions from the log', `${call} replay ${run}`],
    ['what another policy would have done', `${call} replay ${run} --policy natural`],
    [
      'ask the history',
      `${call} sql "SELECT domain, avg(loss) FROM losses WHERE run = '${run}' AND step >= ${last} GROUP BY domain"`,
    ],
    ['the last decision, over HTTP', `curl -s '${url}/v1/runs/${run}/decisions?limit=1'`],
    ['everything else over HTTP', `${url}/docs`],
  ]
  for (const [what, how] of next) {
    terminal.print(colors.dim(`  # ${what}`))
    terminal.print(`  ${how}`)
  }
}
