import { Command } from 'commander'
import { checkPrerequisites } from '@mixdesk/engines'
import { action } from '../command.js'
import { sentenceOf } from '../cli-error.js'
import { environment, homeOf, serverSettings } from '../environment.js'
import { engineAddresses, answers } from '../local/engine-addresses.js'
import type { Readiness } from '../server/api.types.js'
import type { Http } from '../server/http.js'
import { whole } from '../terminal/numbers.js'
import { withProgress } from '../terminal/progress.js'
import { harmless } from '../terminal/text.js'

type Finding = { readonly name: string; readonly ok: boolean; readonly found: string; readonly fix?: string }

const start = 'run "mixdesk start"'

export const doctorCommand = (): Command =>
  new Command('doctor')
    .description(
      'check what Mixdesk needs, its engines, the server, and how far it lags; status 1 when something is wrong',
    )
    .action(
      action(async ({ terminal, json, home, http }) => {
        const findings = await withProgress('looking around', async () =>
          (await Promise.all([settings(home), prerequisites(home), engines(home), server(http)])).flat(),
        )
        const ok = findings.every((finding) => finding.ok)
        if (!ok) process.exitCode = 1
        if (json) return terminal.printJson({ ok, findings })
        const { colors } = terminal
        for (const { name, ok, found, fix } of findings) {
          terminal.print(`${ok ? colors.green('    ok') : colors.red('not ok')}  ${name}: ${harmless(found)}`)
          if (fix !== undefined) terminal.print(`        ${colors.yellow('fix:')} ${fix}`)
        }
      }),
    )

/** The environment, read as the server would read it. */
async function settings(home: string | undefined): Promise<Finding[]> {
  const { readConfig } = await import('@mixdesk/server')
  try {
    readConfig(serverSettings(environment, { home }))
    return [{ name: 'settings', ok: true, found: 'sound' }]
  } catch (error) {
    return [
      {
        name: 'settings',
        ok: false,
        found: sentenceOf(error, false).replaceAll(/\s*\n\s*/g, ' '),
        fix: 'correct or unset these environment variables',
      },
    ]
  }
}

async function prerequisites(home: string | undefined): Promise<Finding[]> {
  return checkPrerequisites(homeOf(environment, home))
}

async function engines(home: string | undefined): Promise<Finding[]> {
  const addresses = engineAddresses(environment, homeOf(environment, home))
  return Promise.all(
    addresses.map(async ({ name, host, port, embedded }) => {
      const up = await answers(host, port)
      const fix = embedded
        ? start
        : `look whether ${name} runs and can be reached from here, or correct its address`
      return {
        name,
        ok: up,
        found: `${host}:${port} ${up ? 'answers' : 'does not answer'}`,
        ...(up ? {} : { fix }),
      }
    }),
  ).then((found) =>
    found.length > 0
      ? found
      : [{ name: 'engines', ok: false, found: 'none was ever started in this home folder', fix: start }],
  )
}

async function server(http: () => Http): Promise<Finding[]> {
  let readiness: Readiness
  try {
    readiness = (await http().ask('/readyz', { alsoRead: [503], timeoutMs: 15_000 })) as Readiness
    if (typeof readiness.status !== 'string')
      throw new Error('what answers there does not seem to be Mixdesk')
  } catch (error) {
    return [{ name: 'server', ok: false, found: sentenceOf(error, false), fix: start }]
  }
  const look = 'look into the log of the server'
  return [
    {
      name: 'server',
      ok: readiness.status === 'ready',
      found: `${readiness.status}, ${http().url}`,
      ...(readiness.status === 'ready' ? {} : { fix: 'mend what is not ok below' }),
    },
    ...readiness.checks.map(({ name, ok, because }) => ({
      name: `server: ${name}`,
      ok,
      found: ok ? 'answers' : (because ?? 'no reason given'),
      ...(ok ? {} : { fix: look }),
    })),
    ...(readiness.lag ?? []).map(({ group, topic, lag }) => ({
      name: `lag of ${group}`,
      ok: true,
      found: `${whole(lag)} messages behind in ${topic}`,
    })),
    ...(readiness.lag === undefined
      ? [{ name: 'topics and lag', ok: false, found: 'the server could not read them from Kafka', fix: look }]
      : []),
  ]
}
