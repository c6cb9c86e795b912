// What each policy's paper found, and what of it holds in these worlds. Every entry is a test: one run with one seed each,
// and every number with a wide margin. `holds` is said as it is: yes, in part, or no.
import { policies } from '@mixdesk/policies'
import { ofComposites } from './findings/composites.mjs'
import { ofEvaluations } from './findings/evaluations.mjs'
import { ofGradients } from './findings/gradients.mjs'
import { ofLosses } from './findings/losses.mjs'
import { ofRollouts } from './findings/rollouts.mjs'
import { ofSizes } from './findings/sizes.mjs'

const place = (name) => policies.findIndex((policy) => policy.name === name)

/** In the order of the registry. */
export const findings = [
  ...ofSizes,
  ...ofLosses,
  ...ofGradients,
  ...ofRollouts,
  ...ofEvaluations,
  ...ofComposites,
].sort((one, other) => place(one.policy) - place(other.policy))
