import { Command } from 'commander'
import { action } from '../command.js'
import { CliError } from '../cli-error.js'
import { environment } from '../environment.js'

type Options = { readonly exit?: true; readonly steps: string }

export const demoCommand = (): Command =>
  new Command('demo')
    .description(
      'start everything, and let three policies mix the data of three small language models that really train',
    )
    .option('--exit', 'stop everything when the runs are done; without it the server stays up until Ctrl-C')
    .option('--steps <n>', 'steps of each training', '300')
    .action(
      action<Options>(async ({ terminal, json, home, options }) => {
        const steps = Number(options.steps)
        if (!Number.isInteger(steps) || steps < 20 || steps > 100_000)
          throw new CliError(
            'usage',
            `--steps should be a whole number from 20 to 100000, but is "${options.steps}".`,
          )
        const [
          { bringUp },
          { aborted, runSession },
          { preparePython },
          { planDemo },
          { runDemo },
          { createStage },
          { printClosing },
        ] = await Promise.all([
          import('../local/bring-up.js'),
          import('../local/session.js'),
          import('../demo/python.js'),
          import('../demo/plan.js'),
          import('../demo/demo.js'),
          import('../demo/stage.js'),
          import('../demo/closing.js'),
        ])
        const { colors } = terminal
        let say = (line: string): void => terminal.note(colors.dim(line))
        await runSession(
          (line) => say(line),
          async (session) => {
            const [local, python] = await both(
              bringUp(session, { environment, home, logLevel: 'error', progress: say }),
              preparePython(session, say),
            )
            session.check()
            const stage = createStage(terminal, local.url, { onStderr: json })
            const before = say
            say = (line) => stage.say(colors.dim(line))
            const plan = planDemo(steps)
            const result = await runDemo({ session, local, python, plan, stage })
            say = before

            if (json)
              terminal.printJson({
                url: local.url,
                home: local.home,
                steps,
                runs: result.views.map((view) => ({
                  run: view.run.id,
                  policy: view.run.policy,
                  heldOut: view.heldOut,
                  weights: result.weights.get(view.run.id),
                })),
                proof: result.proof,
              })
            else {
              terminal.print()
              const call = home === undefined ? 'npx mixdesk' : `npx mixdesk --home ${home}`
              printClosing(terminal, { ...result, url: local.url, call, exits: options.exit === true })
            }
            if (options.exit === true) return
            if (!json) terminal.print(`\n${colors.dim('The server stays up; Ctrl-C stops it.')}`)
            await aborted(session.stopping)
          },
        )
      }),
    )

/** Both, or the first failure once the other is over too: what it started is to be stopped as well. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b])
  if (first.status === 'rejected') throw first.reason
  if (second.status === 'rejected') throw second.reason
  return [first.value, second.value]
}
