import { agentTitle, type AgentManifest } from './agent-manifest.js'
import { softmax } from '../numerics/softmax.js'
import { sum } from '../numerics/sum.js'
import { toMixture } from '../numerics/to-mixture.js'

/** How far a distribution in single precision may be from a sum of one. */
const tolerance = 1e-3

/**
 * What a model answered, as a distribution in the order of its manifest, or in a sentence what is wrong with it. A softmax
 * of finite logits needs no further check.
 */
export function distributionOf(
  manifest: AgentManifest,
  values: readonly number[],
): readonly number[] | string {
  const { domains, output } = manifest
  const wrong = (what: string) => `${agentTitle(manifest)} answered with ${what}; the mixture stays as it is.`
  if (values.length !== domains.length)
    return wrong(`${values.length} numbers where its manifest names ${domains.length} domains`)
  if (!values.every(Number.isFinite)) return wrong('a number that is not finite')
  if (output === 'logits') return softmax(values)
  const negative = values.find((value) => value < 0)
  if (negative !== undefined) return wrong(`a negative share (${negative})`)
  const total = sum(values)
  if (!(Math.abs(total - 1) < tolerance))
    return wrong(`shares that add up to ${total}, which is no distribution`)
  return toMixture(values)!
}
