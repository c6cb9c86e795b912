import { Command } from 'commander'
import { conformanceCommand } from './commands/conformance.command.js'
import { demoCommand } from './commands/demo.command.js'
import { doctorCommand } from './commands/doctor.command.js'
import { freezeCommand } from './commands/freeze.command.js'
import { overrideCommand } from './commands/override.command.js'
import { policiesCommand } from './commands/policies.command.js'
import { replayCommand } from './commands/replay.command.js'
import { runsCommand } from './commands/runs.command.js'
import { showCommand } from './commands/show.command.js'
import { sqlCommand } from './commands/sql.command.js'
import { startCommand } from './commands/start.command.js'
import { tailCommand } from './commands/tail.command.js'
import { thawCommand } from './commands/thaw.command.js'
import { uploadCommand } from './commands/upload.command.js'

const commands = [
  startCommand,
  demoCommand,
  runsCommand,
  showCommand,
  tailCommand,
  replayCommand,
  policiesCommand,
  sqlCommand,
  freezeCommand,
  thawCommand,
  overrideCommand,
  uploadCommand,
  doctorCommand,
  conformanceCommand,
]

export function createProgram(version: string): Command {
  const program = new Command('mixdesk')
    .description(
      'A mixing desk for training data: per-domain losses in, data-mixture weights out, every decision explained and replayable.',
    )
    .version(version)
    .option(
      '--server <url>',
      'address of the server (default: MIXDESK_URL, then the server of the home folder, then http://127.0.0.1:8777)',
    )
    .option(
      '--home <folder>',
      'folder of the embedded engines and their data (default: MIXDESK_HOME, then .mixdesk)',
    )
    .option('--json', 'answer with JSON, for machines')
    .showHelpAfterError('(mixdesk --help says what there is)')
    .configureHelp({ showGlobalOptions: true })
  for (const add of commands) program.addCommand(add())
  return program
}
