import { Command } from 'commander'
import { rm } from 'node:fs/promises'
import { CliError } from '../cli-error.js'
import { action } from '../command.js'
import { whole } from '../terminal/numbers.js'
import { withProgress } from '../terminal/progress.js'
import { harmless } from '../terminal/text.js'
import { eventFiles, eventLines, type EventLine } from '../upload/event-lines.js'
import { sendEvents, type SendingLine } from '../upload/send-events.js'

type Options = { readonly skipBad?: boolean; readonly remove?: boolean }

const mostTold = 20

export const uploadCommand = (): Command =>
  new Command('upload')
    .description('send reports that a trainer has recorded into files; they keep their ids, so twice is once')
    .argument(
      '<files...>',
      'JSON lines of CloudEvents, plain or gzipped; or folders of *.jsonl and *.jsonl.gz',
    )
    .option('--skip-bad', 'send the rest where lines are broken or refused')
    .option('--remove', 'remove each file of which everything has arrived')
    .action(
      action<Options>(async ({ terminal, json, options, http }, ...given) => {
        const files = await eventFiles(given.flat())
        let faults = 0
        const faulty = new Set<string>()
        const tell = ({ file, number }: EventLine, sentence: string): void => {
          faults += 1
          faulty.add(file)
          if (faults <= mostTold) terminal.note(harmless(`${file}, line ${number} ${sentence}`))
          else if (faults === mostTold + 1) terminal.note('… and more')
        }
        let total = 0
        for (const file of files)
          for await (const line of eventLines(file))
            if ('text' in line) total += 1
            else if (line.cutOff)
              terminal.note(`${file}, line ${line.number} is cut off, as after a kill, and is left out`)
            else tell(line, line.fault)
        const broken = faults
        if (broken > 0 && options.skipBad !== true)
          throw new CliError(
            'problem',
            `${count(broken, 'line')} cannot be sent, so nothing was; --skip-bad sends the other ${whole(total)}.`,
          )
        const sent = await withProgress('sending reports', (progress) =>
          sendEvents(
            http(),
            goodLines(files),
            (number) => progress.update(`${whole(number)} of ${whole(total)} reports sent`),
            ({ line, because }) => tell(line, `was not taken: ${because}`),
          ),
        )
        const refused = faults - broken
        const gone = options.remove === true ? files.filter((file) => !faulty.has(file)) : []
        for (const file of gone) await rm(file)
        if (json) terminal.printJson({ sent, files: files.length, broken, refused, removed: gone.length })
        else
          terminal.print(
            `${count(sent, 'report')} sent from ${count(files.length, 'file')}${broken > 0 ? `; ${count(broken, 'broken line')} skipped` : ''}${refused > 0 ? `; ${whole(refused)} refused` : ''}${options.remove === true ? `; ${count(gone.length, 'file')} removed` : ''}`,
          )
        if (refused > 0 && options.skipBad !== true)
          throw new CliError(
            'problem',
            `The server refused ${count(refused, 'report')}; what is above says why, --skip-bad accepts it.`,
          )
      }),
    )

async function* goodLines(files: readonly string[]): AsyncIterable<SendingLine> {
  for (const file of files) for await (const line of eventLines(file)) if ('text' in line) yield line
}

const count = (number: number, thing: string): string => `${whole(number)} ${thing}${number === 1 ? '' : 's'}`
