// What the study trains, in which order, and how each policy is configured. Nothing here was tuned to the results, but for Aioli's rounds: shorter ones were tried, and given up.
import { learnSkillGraph } from '@mixdesk/policies'

/** What every run has in common: equal budgets of tokens, the same model, the same cadence. */
export const fullSize = {
  steps: 400,
  batch: 32,
  context: 64,
  layers: 2,
  width: 96,
  rate: 0.002,
  cadence: 5,
  evaluate: 20,
  windows: 16,
  graphSteps: 100,
}
/** Shows that all works, and says nothing about policies. */
export const quickSize = { ...fullSize, steps: 60, batch: 16, evaluate: 10, windows: 4, graphSteps: 20 }

/** Seed of the runs on single domains, which belong to no pair. */
const graphSeed = 1000
const rounded = (numbers, digits = 6) => numbers.map((number) => Number(number.toPrecision(digits)))
const byName = (names, numbers) => Object.fromEntries(names.map((name, i) => [name, numbers[i]]))

/**
 * How each policy is run. `config` is what is said beyond the defaults, from the runs that it `needs`; `why` is for the page. A policy
 * without an entry goes by its defaults.
 */
const ways = {
  natural: {
    weights: ({ corpus }) => corpus.domains.map(({ tokens }) => tokens),
    why: 'starts with its mixture, which follows from the sizes alone',
  },
  ado: {
    config: ({ size: { steps } }) => ({
      startStep: Math.round(steps / 10),
      refitEvery: Math.round(steps / 10),
      ignoreSteps: Math.round(steps / 20),
      subsample: 1,
    }),
    why: 'the defaults count in thousands of steps: laws are fitted after a tenth of the run and again after each tenth, without the first twentieth',
  },
  'dynamic-batch-loading': {
    needs: (seed) => [`uniform/${seed}`],
    config: ({ corpus, found }, seed) => ({
      targetLosses: byName(
        corpus.domains.map(({ name }) => name),
        rounded(found(`uniform/${seed}`).evaluations.at(-1).loss),
      ),
    }),
    why: 'targets are the held-out losses in which the run on equal weights with the same seed ended',
  },
  'skill-it': {
    needs: (_, { names }) => names.map((name) => `single ${name}/${graphSeed}`),
    config: ({ corpus, found }) => ({ graph: graphFrom(corpus, found) }),
    why: 'the graph is learned (`learnSkillGraph`, approximate, relative change) from a short run on each domain alone, once for all seeds',
  },
  aioli: {
    cadence: 1,
    evaluate: 5,
    why: 'decisions in every step, held-out losses in every fifth and whenever the policy asks for them; not quite two rounds of its 250 steps fit in the run',
  },
  doremi: {
    policy: 'static',
    needs: (seed) => [`doremi proxy/${seed}`],
    weights: ({ found }, seed) => found(`doremi proxy/${seed}`).averageWeights,
    config: ({ corpus, found }, seed) => ({
      weights: byName(
        corpus.domains.map(({ name }) => name),
        rounded(found(`doremi proxy/${seed}`).averageWeights),
      ),
    }),
    why: "three stages of one seed: the run on equal weights is the reference, a proxy of the same size is trained with `doremi`'s multipliers (decisions in every step), and the run in the table samples by the proxy's average weights (`static`)",
  },
}

export const studied = [
  'uniform',
  'natural',
  'odm',
  'ado',
  'doremi',
  'dynamic-batch-loading',
  'skill-it',
  'aioli',
]
export const whyOf = (name) => ways[name]?.why

/** Every run of the study by its key, `policy/seed`, in an order that respects what each one needs. */
export function planStudy({ policies, seeds, names }) {
  const jobs = new Map()
  const add = (job) => {
    for (const key of job.needs ?? []) if (!jobs.has(key)) add(jobOf(key, names))
    jobs.set(job.key, job)
  }
  // Seed by seed: what an interrupted study has is complete pairs.
  for (const seed of seeds)
    for (const name of ['uniform', ...policies])
      if (!jobs.has(`${name}/${seed}`)) add(jobOf(`${name}/${seed}`, names))
  return [...jobs.values()]
}

function jobOf(key, names) {
  const slash = key.lastIndexOf('/')
  const name = key.slice(0, slash)
  const seed = Number(key.slice(slash + 1))
  const evenly = { key, name, seed, needs: [], stage: 'main', policy: name, saves: name === 'uniform' }
  if (name.startsWith('single '))
    return {
      ...evenly,
      stage: 'graph',
      policy: 'static',
      steps: ({ size }) => size.graphSteps,
      weights: () => names.map((one) => Number(one === name.slice(7))),
      config: () => ({
        weights: byName(
          names,
          names.map((one) => Number(one === name.slice(7))),
        ),
      }),
    }
  if (name === 'doremi proxy')
    return {
      ...evenly,
      stage: 'proxy',
      policy: 'doremi',
      cadence: 1,
      needs: [`uniform/${seed}`],
      reference: `uniform/${seed}`,
    }
  const { needs, config, weights, ...way } = ways[name] ?? {}
  return {
    ...evenly,
    ...way,
    needs: needs?.(seed, { names }) ?? [],
    ...(config === undefined ? {} : { config: (known) => config(known, seed) }),
    ...(weights === undefined ? {} : { weights: (known) => weights(known, seed) }),
  }
}

function graphFrom({ domains }, found) {
  const names = domains.map(({ name }) => name)
  const runs = names.map((name) => {
    const { untrained, evaluations } = found(`single ${name}/${graphSeed}`)
    return {
      trainedOn: [name],
      before: byName(names, untrained),
      after: byName(names, evaluations.at(-1).loss),
    }
  })
  const learned = learnSkillGraph({
    domains: names,
    skills: names,
    runs,
    method: 'approximate',
    change: 'relative',
  })
  if (!learned.ok) throw new Error(learned.problems.join(' '))
  return learned.graph.map((row) => rounded(row, 4))
}
