import { Command } from 'commander'
import { allPolicies, describePolicy, findPolicy, type PolicyDescription } from '@mixdesk/policies'
import { CliError } from '../cli-error.js'
import { action } from '../command.js'
import { environment } from '../environment.js'
import type { Terminal } from '../terminal/terminal.js'
import { wrap } from '../terminal/text.js'

export const policiesCommand = (): Command =>
  new Command('policies')
    .description('list what a run may be mixed by: what each needs, gives and costs, and where it comes from')
    .action(
      action(async ({ terminal, json }) => {
        await plugInPolicies()
        const policies = allPolicies().map(describePolicy)
        if (json) return terminal.printJson({ policies })
        terminal.table(
          [
            { name: 'policy', least: 12 },
            { name: 'gives', least: 7 },
            { name: 'needs', least: 10 },
            { name: 'what for', least: 24 },
            { name: 'cost', least: 10 },
            { name: 'source', least: 10 },
          ],
          policies.map((policy) => [
            policy.name,
            policy.output,
            needsOf(policy),
            policy.purpose,
            policy.guide.cost,
            policy.cites.join(', '),
          ]),
        )
        terminal.note('"mixdesk policies show <name>" explains one, with its settings.')
      }),
    )
    .addCommand(
      new Command('show')
        .description(
          'explain a policy: its mathematics, signals, settings with defaults, and differences to its sources',
        )
        .argument('<name>', 'name of the policy')
        .action(
          action(async ({ terminal, json }, name) => {
            await plugInPolicies()
            const policy = findPolicy(name)
            if (policy === undefined)
              throw new CliError(
                'usage',
                `There is no policy "${name}"; there are: ${allPolicies()
                  .map((one) => one.name)
                  .join(', ')}.`,
              )
            const description = describePolicy(policy)
            if (json) terminal.printJson(description)
            else explain(terminal, description)
          }),
        ),
    )

/** Those from outside, where there are any: loading them takes the server's code, which takes a second. */
async function plugInPolicies(): Promise<void> {
  const paths = (environment['MIXDESK_POLICIES'] ?? '').split(',').map((path) => path.trim())
  const named = paths.filter((path) => path !== '')
  if (named.length > 0) await (await import('@mixdesk/server')).loadPolicies(named)
}

/** What a run has to send for it, in a few words. */
function needsOf({ signals, evaluations }: PolicyDescription): string {
  const scores = evaluations.scores ?? []
  const needs = [
    ...signals,
    ...(evaluations.loss === true ? ['held-out losses'] : []),
    ...(scores.length > 0 ? [`scores ${scores.join(', ')}`] : []),
  ]
  return needs.length === 0 ? 'nothing more' : needs.join(', ')
}

function explain(terminal: Terminal, policy: PolicyDescription): void {
  const { colors } = terminal
  const width = Math.min(terminal.width, 100)
  const paragraph = (text: string, indent = '  ') => {
    for (const line of wrap(text, width - indent.length)) terminal.print(indent + line)
  }
  const section = (title: string, texts: readonly string[]) => {
    if (texts.length === 0) return
    terminal.print()
    terminal.print(colors.bold(title))
    for (const text of texts) paragraph(text)
  }
  terminal.print(`${colors.bold(policy.title)}  ${colors.dim(`${policy.name}, version ${policy.version}`)}`)
  paragraph(policy.purpose)
  section('Gives', [policy.output === 'controls' ? policy.output : `${policy.output} (${policy.meaning})`])
  section('Needs', [needsOf(policy)])
  section('Do not use it when', [policy.guide.avoidWhen])
  section('The rule', policy.guide.mathematics)
  section('A domain without evidence', [policy.guide.absentDomains])
  section('Cost', [policy.guide.cost])
  if (policy.settings.length > 0) {
    terminal.print()
    terminal.print(colors.bold('Settings'))
    for (const setting of policy.settings) {
      const otherwise =
        setting.default === undefined ? 'no default' : `default ${JSON.stringify(setting.default)}`
      terminal.print(`  ${colors.cyan(setting.name)}  ${colors.dim(`${setting.type}, ${otherwise}`)}`)
      paragraph(setting.description, '    ')
    }
  }
  section('Differences to paper and code', policy.guide.differences)
  section('Sources', policy.cites)
}
