import type { LedgerEnvelope } from '@mixdesk/contracts'
import type { Command } from 'commander'
import type { Context } from '../command.js'
import { pathOf } from '../server/http.js'
import { withProgress } from '../terminal/progress.js'
import { sentenceOfFact } from './facts.js'

export type RequestOptions = { readonly because?: string; readonly by?: string }

/** Who asks and why: kept in the ledger for good. */
export const withReason = (command: Command): Command =>
  command
    .option('--because <sentence>', 'why; kept in the ledger')
    .option('--by <name>', 'who asks; kept in the ledger', 'cli')

/** Asks something of a run, and says what the ledger answered. */
export async function request(
  { terminal, json, options, http }: Context<RequestOptions>,
  run: string,
  what: 'freeze' | 'thaw' | 'override',
  more: object = {},
): Promise<void> {
  const { because, by } = options
  const body = { ...more, ...(because === undefined ? {} : { because }), ...(by === undefined ? {} : { by }) }
  const answer = await withProgress('waiting for the ledger to answer', () =>
    http().ask(pathOf(run, what), { body }),
  )
  if (json) return terminal.printJson(answer)
  const fact = answer as LedgerEnvelope | { readonly detail: string }
  terminal.print(
    'type' in fact
      ? `${run}, step ${'step' in fact.data ? fact.data.step : '–'}: ${sentenceOfFact(fact, [])}`
      : `${run}: ${fact.detail}`,
  )
}
