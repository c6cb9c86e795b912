import { Command } from 'commander'
import { action } from '../command.js'
import { environment } from '../environment.js'

export const startCommand = (): Command =>
  new Command('start')
    .description(
      'start what is missing of Kafka, PostgreSQL and ClickHouse on this machine, and the server; until Ctrl-C',
    )
    .option('--port <n>', 'port of HTTP (default: MIXDESK_PORT, then 8777, then any free one)')
    .action(
      action<{ readonly port?: string }>(async ({ terminal, json, home, options }) => {
        // Loaded here, and not with the rest: it takes a second, and no other command needs it.
        const [{ addressesOf, bringUp }, { aborted, runSession }, { createLineLogger }] = await Promise.all([
          import('../local/bring-up.js'),
          import('../local/session.js'),
          import('../local/line-logger.js'),
        ])
        const { colors } = terminal
        const say = (line: string): void => terminal.note(colors.dim(line))
        await runSession(say, async (session) => {
          const local = await bringUp(session, {
            environment,
            home,
            port: options.port,
            progress: say,
            // stdout is for the one document then, and the log goes to stderr as soon as it can be told so.
            ...(json ? { logLevel: 'error' } : {}),
          })
          const addresses = addressesOf(local)
          if (json) {
            local.server.app.useLogger(createLineLogger('log', (line) => void process.stderr.write(line)))
            terminal.printJson({
              url: local.url,
              pid: process.pid,
              home: local.home,
              addresses: Object.fromEntries(addresses),
            })
          } else {
            terminal.print(colors.bold('Mixdesk is up.'))
            for (const [name, address] of addresses)
              terminal.print(`  ${name.padEnd(12)}${name === 'HTTP' ? colors.cyan(address) : address}`)
            terminal.print(colors.dim('  Ctrl-C stops it.'))
          }
          await aborted(session.stopping)
        })
      }),
    )
