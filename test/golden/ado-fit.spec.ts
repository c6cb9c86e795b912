import { fileURLToPath } from 'node:url'
import { configure, findPolicy, scalingLawLoss, type ScalingLaw } from '@mixdesk/policies'
import { describe, expect, it } from 'vitest'
import { drivers } from './drivers/index.mjs'
import { readGolden } from './files.mjs'

type Recording = {
  hyperparameters: { batchSequences: number; ignoreSteps: number }
  initial: { prior: number[] }
  steps: { step: number }[]
  final: { fits: { step: number; parameters: [number, number, number][] }[] }
}

/** Another optimiser does not give the digits of the published one; on curves that can be recovered it gives its curves. */
describe('our fits over the recorded losses of the published selector', () => {
  const file = fileURLToPath(new URL('mixing/ado/full-k3.json.gz', import.meta.url))
  const golden = readGolden(file) as unknown as Recording
  const driver = drivers.find(({ golden: name }) => name === 'ado')
  const policy = findPolicy('ado')!
  const { config: told } = driver.configure(golden.hyperparameters, golden)
  const configured = configure(policy, { ...told, fit: 'own' }, driver.start(golden))
  if (!configured.ok) throw new Error(configured.problems.join(' '))
  const { config } = configured

  let state = policy.initialState(config, driver.start(golden)) as { laws: ScalingLaw[]; fittedAt: number | null }
  const fitted: { step: number; laws: ScalingLaw[] }[] = []
  for (const step of golden.steps) {
    for (const fact of driver.facts(step, golden.initial.prior, golden)) {
      if (fact.kind === 'step') state = policy.evolve(config, state, fact) as typeof state
    }
    if (state.fittedAt === step.step) fitted.push({ step: step.step, laws: state.laws })
  }

  it('come when the published ones came', () => {
    expect(fitted.map(({ step }) => step)).toEqual(golden.final.fits.map((fit) => fit.step))
  })

  it('predict losses within 1e-5 of what the published ones predict, and learning speeds within 0.1 %', () => {
    for (const [n, { step, laws }] of fitted.entries()) {
      for (const [i, law] of laws.entries()) {
        const [logScale, logIrreducible, exponent] = golden.final.fits[n]!.parameters[i]!
        const published = { logScale, logIrreducible, exponent }
        const { batchSequences, ignoreSteps } = golden.hyperparameters
        for (let row = ignoreSteps; row <= step; row += 10) {
          const count = batchSequences * (row + 1)
          const speed = (one: ScalingLaw) => one.exponent * (scalingLawLoss(one, count) - Math.exp(one.logIrreducible))
          expect(scalingLawLoss(law, count) / scalingLawLoss(published, count)).toBeCloseTo(1, 4.7)
          if (row + 10 > step) expect(Math.abs(speed(law) / speed(published) - 1)).toBeLessThan(1e-3)
        }
      }
    }
  })
})
