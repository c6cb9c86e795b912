import { weightsPlot } from './weights-plot.mjs'
import { behaviourOf } from './worlds/behaviour-of.mjs'

/** A picture of what each policy does in a world that suits it, by its name; none for one that somebody outside must advise. */
export function behaviourPlots(descriptions) {
  return new Map(
    descriptions.flatMap(({ name, title, output }) => {
      const run = behaviourOf(name)
      return run === undefined ? [] : [[name, plotOf(run, title, output)]]
    }),
  )
}

function plotOf(run, title, output) {
  const { world, domains, lastStep, targetLosses, seed } = run
  const steers = output === 'controls'
  const what = steers ? 'rollouts' : 'mixture'
  const bands = run.steps
    .map((step, i) => ({ step, shares: steers ? sharesOf(run.controls[i].rolloutCounts) : run.weights[i] }))
    // A run begins before anything is known of its prompts.
    .filter(({ shares }) => shares !== undefined)
  const [before, after] = [targetLosses[0], targetLosses.at(-1)].map((loss) => loss.toFixed(2))
  return {
    svg: weightsPlot({
      title: `${title} in the world “${world.name}”`,
      domains,
      steps: bands.map(({ step }) => step),
      weights: bands.map(({ shares }) => shares),
      lastStep,
    }),
    alt: `The ${what} that ${title} decides over ${lastStep + 1} steps`,
    caption: `The ${what} over ${lastStep + 1} steps of a simulated run (${world.title}), seed ${seed}; its target loss goes from ${before} to ${after}. [All worlds](../policies.md).`,
  }
}

function sharesOf(counts) {
  if (counts === undefined) return undefined
  const total = counts.reduce((sum, count) => sum + count, 0)
  return counts.map((count) => count / total)
}
