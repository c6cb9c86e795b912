import { given, known } from '../settings.mjs'
import { byName, evaluation } from './sheared.driver.mjs'

/** Reads recordings of `velocitune`, which has no published code: the specification in the form of `sheared`. */
export const driver = {
  golden: 'velocitune',
  settings: known('variant', 'stepSize', 'smoothing', 'floor', 'targetLoss', 'initialLoss', 'observationIs'),
  configure({ stepSize, smoothing, floor, targetLoss, initialLoss }, { domains }) {
    if (smoothing && floor) return { notCovered: 'smoothing and a floor together' }
    return {
      policy: 'velocitune',
      config: given({
        stepSize,
        // A share of the uniform mixture is a floor of its K-th part.
        smoothing: floor ? floor * domains.length : smoothing,
        targetLosses: byName(domains, targetLoss),
        initialLosses: byName(domains, initialLoss),
      }),
    }
  },
  facts: (step) => [evaluation(step)],
  recorded: ({ velocities, evaluations }) => ({ velocity: velocities, velocities, evaluations }),
  stored: (fresh, _recorded, weights) => ({ ...fresh, weights }),
  nullable: ['velocity', 'velocities'],
}
