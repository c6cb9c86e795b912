import type { AdviceWanted, AgentManifest } from '@mixdesk/policies'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAgents, shippedModels, type Agents } from './agents.js'

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url))
const manifestOf = async (name: string, folder = fixtures) =>
  JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')) as AgentManifest

function wanting(manifest: AgentManifest): AdviceWanted {
  const { golden, ...rest } = manifest
  const { output: _, ...inputs } = golden!
  return {
    kind: 'onnx',
    step: 1,
    source: `${manifest.name}@sha256:${manifest.model}`,
    model: manifest.model,
    manifest: rest,
    inputs,
  }
}
const refusal = async (agents: Agents, wanted: AdviceWanted) => {
  const error = await agents.answer(wanted).catch((thrown: unknown) => thrown as Error & { code: string })
  if (!(error instanceof Error)) throw new Error('It was answered.')
  return `${error.code}: ${error.message}`
}

describe('agents in folders', () => {
  let home: string
  let agents: Agents
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'mixdesk-models-'))
    await cp(join(fixtures, 'identity.onnx'), join(home, 'mine.onnx'))
    await cp(join(fixtures, 'identity.json'), join(home, 'mine.json'))
    await writeFile(join(home, 'notes.json'), '[1, 2')
    await cp(join(fixtures, 'zeros.json'), join(home, 'lost.json'))
    agents = createAgents([join(home, 'not-there'), home, shippedModels])
  })
  afterAll(async () => {
    await agents.close()
    await rm(home, { recursive: true })
  })

  it('are found by the digest of their model, whatever their files are called', async () => {
    const manifest = await manifestOf('identity')
    expect(await agents.answer(wanting(manifest))).toEqual(manifest.golden!.output)
    expect(await agents.answer(wanting(manifest))).toEqual(manifest.golden!.output)
  })

  it('answer only a run whose manifest says the same; the golden answer need not be in it', async () => {
    const manifest = await manifestOf('identity')
    const { golden: _, name, ...rest } = manifest
    expect(await agents.answer({ ...wanting(manifest), manifest: { ...rest, name } })).toHaveLength(3)
    const [exam, ...others] = manifest.feedback
    const scaled = { ...rest, name, feedback: [{ ...exam!, scale: 2 }, ...others] }
    expect(await refusal(agents, { ...wanting(manifest), manifest: scaled })).toMatch(
      /^manifestDiffers: .* something else of the agent's feedback than the manifest beside the model/,
    )
  })

  it('that are not there are missed with a sentence, and found once they are', async () => {
    const nan = wanting(await manifestOf('nan'))
    expect(await refusal(agents, nan)).toMatch(
      /^modelMissing: There is no model for nan@sha256:[0-9a-f]{64} here/,
    )
    for (const file of ['nan.onnx', 'nan.json']) await cp(join(fixtures, file), join(home, file))
    expect(await agents.answer(nan)).toEqual([1, 1, 1])
    expect(await refusal(agents, wanting(await manifestOf('zeros')))).toMatch(
      /^modelMissing: Its manifest is there, but .*lost\.onnx cannot be read/,
    )
  })

  it('never come from a path in the question: only digests are looked for', async () => {
    const wanted = { ...wanting(await manifestOf('identity')), model: '../fixtures/identity', source: 'x' }
    expect(await refusal(agents, wanted)).toMatch(/^modelMissing/)
  })
})
