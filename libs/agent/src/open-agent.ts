import type { AgentInputs, AgentManifest } from '@mixdesk/policies'
import { createHash } from 'node:crypto'
import type { OnnxValue } from 'onnxruntime-node'
import { AgentError } from './agent-error.js'
import { readOpset } from './read-opset.js'
import { signatureFault } from './signature.js'
import { feedsOf } from './tensors.js'

/** A model that has been shown to be what its manifest says. */
export type Agent = {
  readonly manifest: AgentManifest
  /** The model's answer, raw: as many numbers as the manifest names domains, whatever they are. */
  propose(inputs: AgentInputs): Promise<readonly number[]>
  close(): Promise<void>
}

/** How far a golden answer may be off: processors round differently in the last bits of single precision. */
const tolerance = 1e-4

/**
 * Loads a model and holds it against its manifest: digest, operator set, names and shapes, and the golden answer. One thread
 * on the processor. The runtime is loaded with the first agent, for it is heavy.
 */
export async function openAgent(model: Uint8Array, manifest: AgentManifest): Promise<Agent> {
  const digest = createHash('sha256').update(model).digest('hex')
  if (digest !== manifest.model)
    throw new AgentError(
      'modelDiffers',
      `Its file has the SHA-256 ${digest}, its manifest says ${manifest.model}; take the file that the manifest was made for.`,
    )
  const opset = readOpset(model)
  if (opset !== manifest.opset)
    throw new AgentError(
      'modelUnfit',
      `Its manifest says operator set ${manifest.opset}, the file has ${opset ?? 'none, so it is no ONNX model'}; make the manifest anew.`,
    )
  const { golden } = manifest
  if (golden === undefined)
    throw new AgentError('manifestUnsound', 'Its manifest has no golden answer to try it by; add `golden`.')

  const { InferenceSession, Tensor } = await loadRuntime()
  const session = await InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  }).catch((error: unknown) => {
    throw new AgentError('modelUnfit', `The runtime cannot load it: ${String(error)}.`, error)
  })

  async function propose(inputs: AgentInputs): Promise<readonly number[]> {
    const feeds = Object.entries(feedsOf(manifest, inputs)).map(
      ([name, { values, shape }]) => [name, new Tensor('float32', values, shape)] as const,
    )
    const answers = await session
      .run(Object.fromEntries(feeds), [manifest.output])
      .catch((error: unknown) => {
        throw new AgentError('failed', `It could not be run: ${String(error)}.`, error)
      })
    return numbersOf(answers[manifest.output])
  }

  try {
    const fault = signatureFault(session, manifest) ?? (await goldenFault(propose, golden))
    if (fault !== undefined) throw new AgentError(fault.code, fault.what)
  } catch (error) {
    await session.release()
    throw error
  }
  return { manifest, propose, close: () => session.release() }
}

async function loadRuntime(): Promise<typeof import('onnxruntime-node')> {
  try {
    return await import('onnxruntime-node')
  } catch (error) {
    throw new AgentError(
      'runtimeMissing',
      `The package onnxruntime-node, which runs agents, cannot be loaded here: ${String(error)}. Run npm ci, on Linux, macOS or Windows with a 64-bit processor.`,
      error,
    )
  }
}

function numbersOf(answer: OnnxValue | undefined): readonly number[] {
  return answer?.data instanceof Float32Array ? Array.from(answer.data) : []
}

async function goldenFault(
  propose: Agent['propose'],
  { output, ...inputs }: NonNullable<AgentManifest['golden']>,
): Promise<{ readonly code: AgentError['code']; readonly what: string } | undefined> {
  const answer = await propose(inputs)
  if (answer.length !== output.length)
    return {
      code: 'modelUnfit',
      what: `It answers with ${answer.length} numbers where its manifest names ${output.length} domains; take an agent for these domains.`,
    }
  const isOff = (value: number, i: number) =>
    !(Math.abs(answer[i]! - value) <= tolerance * Math.max(1, Math.abs(value)))
  const at = output.findIndex(isOff)
  return at < 0
    ? undefined
    : {
        code: 'goldenDiffers',
        what: `Its golden answer is ${output[at]} at place ${at}, here it is ${answer[at]}; model, manifest and this machine do not belong together.`,
      }
}
