import type { AgentManifest } from '@mixdesk/policies'
import type { AgentErrorCode } from './agent-error.js'

/** A tensor as a model declares it: numbers for fixed sizes, names for free ones. */
type Declared = {
  readonly name: string
  readonly isTensor: boolean
  readonly type?: string
  readonly shape?: readonly (number | string)[]
}
type Signature = { readonly inputMetadata: readonly Declared[]; readonly outputMetadata: readonly Declared[] }
type Fault = { readonly code: AgentErrorCode; readonly what: string }

/** What a model declares otherwise than the contract has it for this manifest; undefined where it fits. Free sizes fit anything. */
export function signatureFault(
  { inputMetadata, outputMetadata }: Signature,
  { history, domains, feedback, progress, output }: AgentManifest,
): Fault | undefined {
  const inputs: readonly [string, readonly number[]][] = [
    ['history_distributions', [1, history, domains.length]],
    ['history_feedback', [1, history, feedback.length]],
    ['history_mask', [1, history]],
    ...(progress ? [['progress', [1, 1]] as [string, readonly number[]]] : []),
  ]
  const unknown = inputMetadata.find(({ name }) => !inputs.some(([known]) => known === name))
  if (unknown !== undefined)
    return unfit(
      `It wants the input ${unknown.name}, but the contract with its manifest has only ${inputs.map(([name]) => name).join(', ')}`,
    )
  for (const [name, shape] of inputs) {
    const fault = misfit('input', name, shape, inputMetadata)
    if (fault !== undefined) return fault
  }
  return misfit('output', output, [1, domains.length], outputMetadata)
}

function misfit(
  kind: 'input' | 'output',
  name: string,
  shape: readonly number[],
  declared: readonly Declared[],
): Fault | undefined {
  const wanted = `float32 [${shape.join(', ')}]`
  const one = declared.find((tensor) => tensor.name === name)
  if (one === undefined)
    return unfit(
      `It has no ${kind} ${name} (${wanted}); it has ${declared.map((tensor) => tensor.name).join(', ')}`,
    )
  const sizes = one.shape ?? []
  const fits =
    one.type === 'float32' &&
    sizes.length === shape.length &&
    sizes.every((size, i) => typeof size === 'string' || size === shape[i])
  return fits
    ? undefined
    : unfit(
        `Its ${kind} ${name} is ${one.type ?? 'no tensor'} [${sizes.join(', ')}] where the manifest makes it ${wanted}`,
      )
}

const unfit = (what: string): Fault => ({
  code: 'modelUnfit',
  what: `${what}; export it by the contract in libs/agent/README.md, or correct its manifest.`,
})
