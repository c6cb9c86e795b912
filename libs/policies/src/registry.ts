import { doremi } from './doremi.policy.js'
import { natural } from './natural.policy.js'
import { odm } from './odm.policy.js'
import type { AnyPolicy } from './policy.js'
import { schedule } from './schedule.policy.js'
import { staticMixture } from './static.policy.js'
import { uniform } from './uniform.policy.js'

/** Every policy there is. To add one: a file, and a line here. */
export const policies: readonly AnyPolicy[] = [
  uniform,
  staticMixture,
  natural,
  odm,
  doremi,
  schedule(findPolicy),
]

/** The policy of this name; composite policies find their parts by it too. */
export function findPolicy(name: string): AnyPolicy | undefined {
  return policies.find((policy) => policy.name === name)
}
