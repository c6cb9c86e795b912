import { randomBytes } from 'node:crypto'
import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { EngineError } from '../engine-error.js'
import { writeAtomically } from '../home/write-atomically.js'
import { lastLine, runCommand } from '../process/run-command.js'
import { parseProperties, serverProperties } from './settings.js'

/** The id this home's cluster was given, made up on first use. */
export async function clusterId(folder: string): Promise<string> {
  const file = join(folder, 'cluster-id')
  const known = await readFile(file, 'utf8').catch(() => undefined)
  if (known !== undefined && known.trim() !== '') return known.trim()
  // Kafka's ids are 16 random bytes, base64url; its own tools trip over a leading dash.
  const id = randomBytes(16).toString('base64url').replace(/^-/, 'A')
  await writeAtomically(file, id + '\n')
  return id
}

/** Formats the data directory unless it is formatted; refuses one that belongs to another cluster or layout. */
export async function prepareStorage(folder: string, jars: string): Promise<void> {
  const data = join(folder, 'data')
  const id = await clusterId(folder)
  const entries = await readdir(data).catch(() => [])
  if (entries.length > 0) return refuseForeign(data, id)

  // Formatted aside and renamed, so that a crash leaves nothing that looks formatted and isn't.
  const partial = join(folder, 'data.partial')
  await rm(partial, { recursive: true, force: true })
  const properties = join(folder, 'format.properties')
  await writeAtomically(properties, serverProperties(partial, { broker: 19092, controller: 19093 }))
  const flags = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']
  const format = ['kafka.tools.StorageTool', 'format', '-t', id, '-c', properties]
  const result = await runCommand(['java', ...flags, '-cp', join(jars, '*'), ...format], {
    timeoutMs: 60_000,
  })
  if (!result.ok) {
    const message = `Kafka's data directory ${data} could not be formatted, the last words being "${lastLine(result.output)}".`
    throw new EngineError(/No space left/i.test(result.output) ? 'disk-full' : 'start-failed', message)
  }
  await rm(properties, { force: true })
  await rm(data, { recursive: true, force: true })
  await rename(partial, data)
}

async function refuseForeign(data: string, id: string): Promise<void> {
  const text = await readFile(join(data, 'meta.properties'), 'utf8').catch(() => '')
  const meta = parseProperties(text)
  const [version, found, node] = [meta.get('version'), meta.get('cluster.id'), meta.get('node.id')]
  if (version === '1' && found === id && node === '1') return
  const what =
    text === ''
      ? 'holds files and no meta.properties'
      : `belongs to cluster ${found}, node ${node}, layout ${version}`
  throw new EngineError(
    'foreign-data-directory',
    `Kafka's data directory ${data} should belong to cluster ${id}, node 1, layout 1, but ${what}: ` +
      'move it away, or name another home folder with MIXDESK_HOME.',
  )
}
