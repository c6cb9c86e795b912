// Trainers' reports, made beforehand and then sent as fast as Kafka takes them: {prepare: shape}, then {}.
import { topics } from '@mixdesk/contracts'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { serve } from '../support/child.mjs'
import { python } from '../support/python.mjs'
import { firstStep, lossesOf, messageOf, runNamed, startOf } from '../support/wire.mjs'

/** Messages of one run in a row. */
const chunk = 320
const script = fileURLToPath(new URL('send.py', import.meta.url))

serve(async ({ brokers, compression = 'none' }) => {
  const folder = await mkdtemp(join(tmpdir(), 'mixdesk-load-'))
  const file = join(folder, 'messages.tsv')
  const sender = spawn(python(), [script, brokers.join(','), topics.trainerEvents, compression], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: sender.stdout })
  const ended = once(sender, 'exit').then(([code]) => {
    throw new Error(`send.py ended with ${code}`)
  })
  ended.catch(() => undefined)
  async function tell(command) {
    const answer = once(lines, 'line')
    sender.stdin.write(`${command}\n`)
    const [line] = await Promise.race([answer, ended])
    return JSON.parse(line)
  }

  async function prepare(shape) {
    const { prefix, runs, ranks, steps } = shape
    const out = createWriteStream(file)
    let bytes = 0
    const write = async ({ key, headers, value }) => {
      bytes += value.length
      if (!out.write(`${[key, headers.ce_id, headers.ce_type, headers.ce_time, value].join('\t')}\n`))
        await once(out, 'drain')
    }
    const names = Array.from({ length: runs }, (_, i) => runNamed(prefix, i))
    for (const run of names) await write(messageOf('run.started', run, startOf(run, shape)))
    bytes = 0
    const stepsAChunk = Math.max(1, Math.floor(chunk / ranks))
    for (let from = 0; from < steps; from += stepsAChunk)
      for (const run of names)
        for (let step = from; step < Math.min(steps, from + stepsAChunk); step++)
          for (let rank = 0; rank < ranks; rank++)
            await write(messageOf('losses.measured', run, lossesOf(run, shape, firstStep + step, rank)))
    out.end()
    await once(out, 'finish')
    await tell(`prepare ${file}`)
    return { observations: runs * ranks * steps, bytes }
  }

  return {
    handle: (question) => (question.prepare === undefined ? tell('go') : prepare(question.prepare)),
    async stop() {
      sender.stdin.end()
      await ended.catch(() => undefined)
      await rm(folder, { recursive: true, force: true })
    },
  }
})
