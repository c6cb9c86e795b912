import { readFileSync } from 'node:fs'
import { sentenceOf } from './cli-error.js'
import { environment } from './environment.js'
import { createProgram } from './program.js'

// A reader that has seen enough (`mixdesk sql … | head`) is no failure.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}
try {
  await createProgram(version).parseAsync()
} catch (error) {
  const debug = environment['MIXDESK_LOG_LEVEL'] === 'debug'
  process.stderr.write(`${sentenceOf(error, debug)}\n`)
  process.exitCode = 1
}
