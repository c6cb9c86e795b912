import { Command, Option } from 'commander'
import { action } from '../command.js'
import type { RunList } from '../server/api.types.js'
import { ago, whole } from '../terminal/numbers.js'
import { withProgress } from '../terminal/progress.js'
import { statusPaint } from './run-status.js'

type Options = {
  readonly project?: string
  readonly status?: string
  readonly search?: string
  readonly limit: string
}

export const runsCommand = (): Command =>
  new Command('runs')
    .description('list runs, newest first')
    .option('--project <name>', 'only of this project')
    .addOption(
      new Option('--status <status>', 'only in this state').choices([
        'running',
        'completed',
        'failed',
        'stopped',
        'refused',
      ]),
    )
    .option('--search <text>', 'only with this text in name, project, tags or notes')
    .option('--limit <n>', 'at most this many', '50')
    .action(
      action<Options>(async ({ terminal, json, options, http }) => {
        const { project, status, search, limit } = options
        const query = { project, status, search, limit }
        const answer = (await withProgress('waiting for the list of runs', () =>
          http().ask('/v1/runs', { query }),
        )) as RunList
        if (json) return terminal.printJson(answer)
        if (answer.runs.length === 0)
          return terminal.print('There is no such run yet. "mixdesk demo" makes some.')
        const now = Date.now()
        terminal.table(
          [
            { name: 'run', least: 10 },
            { name: 'project' },
            { name: 'policy' },
            { name: 'status', least: 7, paint: statusPaint(terminal.colors) },
            { name: 'step', align: 'right', least: 4 },
            { name: 'mixture', align: 'right', least: 4 },
            { name: 'domains', align: 'right' },
            { name: 'started', align: 'right', least: 7 },
          ],
          answer.runs.map((run) => [
            run.run,
            run.project,
            run.policy,
            run.frozen && run.status === 'running' ? 'frozen' : run.status,
            run.step < 0 ? '–' : whole(run.step),
            `v${run.version}`,
            whole(run.domains.length),
            ago(run.startedAt, now),
          ]),
        )
        if (answer.next !== undefined)
          terminal.note(`There are more: --limit shows up to 1,000, --search and --project find.`)
      }),
    )
