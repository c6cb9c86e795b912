import type { AgentManifest } from '@mixdesk/policies'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openAgent } from './open-agent.js'
import { readManifest } from './read-manifest.js'

const fixture = (name: string) => new URL(`../fixtures/${name}`, import.meta.url)
const modelOf = (name: string): Uint8Array => readFileSync(fixture(`${name}.onnx`))
const manifestOf = (name: string): AgentManifest =>
  readManifest(readFileSync(fixture(`${name}.json`), 'utf8'), name)
const opened = (name: string, more: Partial<AgentManifest> = {}) =>
  openAgent(modelOf(name), { ...manifestOf(name), ...more })
const refusal = async (name: string, more: Partial<AgentManifest> = {}) => {
  const agent = await opened(name, more).catch((error: unknown) => error as Error & { code: string })
  if (!('code' in agent)) throw new Error(`${name} was opened.`)
  return `${agent.code}: ${agent.message}`
}

/** Three entries, the newest of them last. */
const inputs = {
  distributions: [
    [1, 0, 0],
    [0, 1, 0],
    [0.5, 0.125, 0.375],
  ],
  feedback: [
    [1, 2],
    [3, 4],
    [0.25, 0.5],
  ],
}

describe('an agent is asked', () => {
  it('identity: it gives back the newest distribution', async () => {
    const agent = await opened('identity')
    expect(await agent.propose(inputs)).toEqual([0.5, 0.125, 0.375])
    await agent.close()
  })

  it('zeros: its logits are zeros, whatever it is told', async () => {
    const agent = await opened('zeros')
    expect(await agent.propose(inputs)).toEqual([0, 0, 0])
    await agent.close()
  })

  it('NaN: it is handed on as it is, for the policy to see', async () => {
    const agent = await opened('nan')
    expect(await agent.propose(inputs)).toEqual([NaN, NaN, NaN])
    await agent.close()
  })

  it('wrong K in an answer: handed on as well', async () => {
    const agent = await opened('growing')
    expect(await agent.propose(inputs)).toEqual([0, 0, 0, 0])
    await agent.close()
  })

  it('every input counts: entries that are real, feedback in its place, progress', async () => {
    const agent = await opened('sees-all')
    const { distributions, feedback } = inputs
    const three = (0.25 + 0.5 + 3) * 0.5
    expect(await agent.propose({ ...inputs, progress: 0.5 })).toEqual([
      three + 0.25,
      three + 0.0625,
      three + 0.1875,
    ])
    // Longer than the model sees: the oldest entries fall out, and all that are left are real.
    const longer = {
      distributions: [...distributions, ...distributions],
      feedback: [...feedback, ...feedback],
    }
    const four = (0.25 + 0.5 + 4) * 0.5
    expect(await agent.propose({ ...longer, progress: 0.5 })).toEqual([
      four + 0.25,
      four + 0.0625,
      four + 0.1875,
    ])
    await agent.close()
  })

  it('the same question twice gives the same answer, to the bit', async () => {
    const agent = await opened('sees-all')
    const ask = () => agent.propose({ ...inputs, progress: 1 / 3 })
    expect(await Promise.all([ask(), ask()])).toEqual([await ask(), await ask()])
    await agent.close()
  })
})

describe('an agent is refused at load', () => {
  it('wrong K: a model that answers with another number of domains than its manifest names', async () => {
    expect(await refusal('wrong-width')).toMatch(
      /^modelUnfit: Its output logits is float32 \[1, 4\] where the manifest makes it float32 \[1, 3\]; export it by the contract/,
    )
  })

  it('a file of another digest', async () => {
    expect(await refusal('zeros', { model: manifestOf('identity').model })).toMatch(
      /^modelDiffers: Its file has the SHA-256 [0-9a-f]{64}, its manifest says [0-9a-f]{64}/,
    )
  })

  it('another operator set, and bytes that are no model', async () => {
    expect(await refusal('zeros', { opset: 13 })).toMatch(
      /^modelUnfit: Its manifest says operator set 13, the file has 17/,
    )
    for (const text of ['no model', '']) {
      const model = createHash('sha256').update(text).digest('hex')
      await expect(openAgent(Buffer.from(text), { ...manifestOf('zeros'), model })).rejects.toThrow(
        'the file has none, so it is no ONNX model',
      )
    }
  })

  it('a golden answer that this machine does not give, or none at all', async () => {
    const { golden, ...rest } = manifestOf('zeros')
    expect(await refusal('zeros', { golden: { ...golden!, output: [0, 0.001, 0] } })).toMatch(
      /^goldenDiffers: Its golden answer is 0.001 at place 1, here it is 0;/,
    )
    await expect(openAgent(modelOf('zeros'), rest)).rejects.toMatchObject({ code: 'manifestUnsound' })
  })

  it.each([
    [
      'feedback',
      { feedback: manifestOf('zeros').feedback.slice(1) },
      'Its input history_feedback is float32 [1, 4, 2] where the manifest makes it float32 [1, 4, 1]',
    ],
    [
      'history',
      { history: 5 },
      'Its input history_distributions is float32 [1, 4, 3] where the manifest makes it float32 [1, 5, 3]',
    ],
    [
      'output',
      { output: 'distribution' as const },
      'It has no output distribution (float32 [1, 3]); it has logits',
    ],
    ['progress', { progress: true }, 'It has no input progress (float32 [1, 1])'],
  ])('a manifest that says another %s', async (_member, more, part) => {
    expect(await refusal('zeros', more)).toContain(`modelUnfit: `)
    expect(await refusal('zeros', more)).toContain(part)
  })

  it('an input that the contract does not know, such as a progress that the manifest does not promise', async () => {
    expect(await refusal('sees-all', { progress: false })).toContain('It wants the input progress')
  })
})

it('a manifest file is refused with its name and every fault', () => {
  expect(() => readManifest('{', 'a.json')).toThrow(/^a\.json is no JSON/)
  expect(() => readManifest('{"name":"x","surprise":1}', 'a.json')).toThrow(
    /a\.json\.model: .*a\.json\.surprise: /s,
  )
  const unsound = JSON.stringify({ ...manifestOf('zeros'), model: 'abc' })
  expect(() => readManifest(unsound, 'a.json')).toThrow(/^a\.json\.model: expected a SHA-256/)
})
