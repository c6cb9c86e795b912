import type { AdviceWanted, AgentManifest } from '@mixdesk/policies'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AgentError } from './agent-error.js'
import { openAgent, type Agent } from './open-agent.js'
import { differenceBetween, readManifest } from './read-manifest.js'

/** The agents of some folders, found by the digest of their model and opened when first asked. */
export type Agents = {
  /** Answers a question of a policy, or throws an `AgentError` whose message says why it cannot. */
  answer(wanted: AdviceWanted): Promise<readonly number[]>
  close(): Promise<void>
}

/** Agents that come with this package. */
export const shippedModels = fileURLToPath(new URL('../models/', import.meta.url))

/** Agents held open at a time; the one asked longest ago is closed for another. */
const mostOpen = 8
const mostManifestBytes = 4 * 1024 * 1024
const mostModelBytes = 512 * 1024 * 1024

/** `folders` are looked through in order, for `<name>.json` (the manifest) beside `<name>.onnx` (the model). */
export function createAgents(folders: readonly string[]): Agents {
  const open = new Map<string, Promise<Agent>>()

  function agentOf(wanted: AdviceWanted): Promise<Agent> {
    const { model } = wanted
    const found = open.get(model) ?? load(folders, wanted)
    // To the end of the line: the first one is the one asked longest ago.
    open.delete(model)
    open.set(model, found)
    // What could not be opened may be there the next time.
    found.catch(() => open.get(model) === found && open.delete(model))
    const [oldest] = open.keys()
    if (open.size > mostOpen && oldest !== undefined) {
      void open.get(oldest)?.then(
        (agent) => agent.close(),
        () => undefined,
      )
      open.delete(oldest)
    }
    return found
  }

  return {
    async answer(wanted) {
      const agent = await agentOf(wanted)
      const member = differenceBetween(agent.manifest, wanted.manifest as AgentManifest)
      if (member !== undefined)
        throw new AgentError(
          'manifestDiffers',
          `The run's configuration says something else of the agent's ${member} than the manifest beside the model; start the run with the manifest that lies there.`,
        )
      return agent.propose(wanted.inputs)
    },
    async close() {
      const agents = await Promise.allSettled(open.values())
      open.clear()
      await Promise.all(agents.flatMap((one) => (one.status === 'fulfilled' ? [one.value.close()] : [])))
    },
  }
}

async function load(folders: readonly string[], { model, source }: AdviceWanted): Promise<Agent> {
  for (const folder of folders) {
    for (const file of await filesIn(folder)) {
      if (!file.endsWith('.json')) continue
      const manifest = await manifestFor(model, join(folder, file))
      if (manifest === undefined) continue
      const path = join(folder, `${file.slice(0, -'.json'.length)}.onnx`)
      return openAgent(await modelAt(path), manifest)
    }
  }
  throw new AgentError(
    'modelMissing',
    `There is no model for ${source} here: no manifest in ${folders.join(' or ')} names it. Put <name>.onnx and its manifest <name>.json there.`,
  )
}

const filesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder).catch(() => [])).sort()

/** The manifest in this file, if it is one of this model; what else lies in the folder is nobody's business. */
async function manifestFor(model: string, path: string): Promise<AgentManifest | undefined> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0
  if (size > mostManifestBytes) return undefined
  const text = await readFile(path, 'utf8').catch(() => '')
  if (!text.includes(model)) return undefined
  const manifest = readManifest(text, path)
  return manifest.model === model ? manifest : undefined
}

async function modelAt(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path)
    if (size > mostModelBytes)
      throw new AgentError(
        'modelUnfit',
        `${path} has ${size} bytes, more than the ${mostModelBytes} that are loaded into a server; take a smaller agent.`,
      )
    return await readFile(path)
  } catch (error) {
    if (error instanceof AgentError) throw error
    throw new AgentError(
      'modelMissing',
      `Its manifest is there, but ${path} cannot be read: ${String(error)}.`,
      error,
    )
  }
}
