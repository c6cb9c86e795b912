import { readdirSync } from 'node:fs'

/**
 * Every driver of this folder: a file `<rule>.driver.mjs` that exports `driver`, or `drivers` where one file reads several
 * rules. A driver reads the recordings whose `policy` is its `golden`:
 *
 * | member | |
 * | --- | --- |
 * | `settings` | the hyperparameters it knows; a recording with another one is not covered |
 * | `configure(hyperparameters, golden)` | `{ policy, config }`, or `{ notCovered: why }` for a setting it cannot express |
 * | `facts(step, current, golden)` | what the policy is told of a recorded step, in order; then it is asked once |
 * | `start?(golden)` | how the run starts; left out: the recorded domains and initial weights |
 * | `recorded?(state, config, proposal)` | our numbers under the recorded names: `weights`, what `state` and `output` hold |
 * | `stored?(fresh, recorded, weights)` | our state after a recorded step, for rules recorded step by step |
 * | `nullable` | recorded fields in which null is no NaN |
 * | `recovers?` | whether the published code gets well again after a NaN; left out: from the first on nothing is compared |
 * | `relative?` | fields compared relative to their size, besides states above one |
 *
 * A rule that is no trajectory exports `{ golden, compare(golden) }` instead, which returns what `compareGolden` does;
 * `measure.mjs` has what it needs.
 */
export const drivers = (
  await Promise.all(
    readdirSync(new URL('.', import.meta.url))
      .filter((file) => file.endsWith('.driver.mjs'))
      .sort()
      .map((file) => import(new URL(file, import.meta.url).href)),
  )
).flatMap((module) => module.drivers ?? [module.driver])
