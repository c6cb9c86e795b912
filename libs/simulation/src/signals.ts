import { floors, heldOutLosses } from './dynamics.js'
import type { Report, Signal } from './report.js'
import { passBin, rolloutSignals } from './rollout-signals.js'
import type { World } from './world.js'

/** Held-out questions that are asked of a domain to count failures or to score answers. */
const questions = 32
/** Relative standard deviation of a gradient as one rank measures it. */
const gradientNoise = 0.1
/** Variance of the gradient of one sequence where its loss has a noise of 0.25 nats. */
const usualVariance = 50

/** A signal by its name; undefined where the world has no such thing. `gradientInnerProduct.2` is `gradientInnerProduct` of 2. */
function find(world: World, name: string): { compute: Signal; argument: string } | undefined {
  if (world.kind === 'prompts') {
    if (Object.hasOwn(rolloutSignals, name)) return { compute: rolloutSignals[name]!, argument: '' }
    const bin = /^passBin(\d+)$/.exec(name)?.[1]
    if (bin !== undefined) return { compute: (report) => passBin(report, Number(bin)), argument: bin }
  }
  if (Object.hasOwn(plainSignals, name)) return { compute: plainSignals[name]!, argument: '' }
  const dot = name.indexOf('.')
  const [stem, argument] = [name.slice(0, dot), name.slice(dot + 1)]
  if (dot < 0 || !Object.hasOwn(signalsOfAnother, stem) || columnOf(world, stem, argument) < 0)
    return undefined
  return { compute: signalsOfAnother[stem]!, argument }
}

/** Whether trainers of this world can send a signal. */
export const hasSignal = (world: World, name: string): boolean => find(world, name) !== undefined

/** Reads the named signals off a report; those that a step doesn't carry are left out. */
export function signalReader(
  world: World,
  names: readonly string[],
): (report: Report) => Record<string, number[]> {
  const readers = names.map((name) => {
    const found = find(world, name)
    if (found === undefined)
      throw new RangeError(`The world "${world.name}" has no signal "${name}"; choose another world.`)
    return { name, ...found }
  })
  return (report) => {
    const sums: Record<string, number[]> = {}
    for (const { name, compute, argument } of readers) {
      const values = compute(report, argument)
      if (values !== undefined) sums[name] = values
    }
    return sums
  }
}

/** The last bin of pass rates among the signals, which says how fine the bins are. */
export const lastBinOf = (names: readonly string[]): number =>
  Math.max(1, ...names.map((name) => Number(/^passBin(\d+)$/.exec(name)?.[1] ?? 1)))

const plainSignals: Readonly<Record<string, Signal>> = {
  refLossSum: ({ tokens, reference }) => tokens.map((n, k) => n * reference[k]!),
  clippedExcessSum: ({ tokens, means, reference }) =>
    tokens.map((n, k) => n * Math.max(0, means[k]! - reference[k]!)),
  sequenceLossSum: ({ sequences, means }) => sequences.map((n, k) => n * means[k]!),

  learningRate: (report) => inBatch(report, () => report.learningRate),
  gradientReports: (report) => inBatch(report, () => 1),
  // What is summed are means over samples already.
  gradientSamples: (report) => inBatch(report, () => 1),
  gradientSquaredNorm(report) {
    const { norm } = report.gradients()
    const random = report.chance(1)
    return inBatch(report, (k) => norm(k) ** 2 * (1 + gradientNoise * random.gauss()))
  },
  gradientVariance(report) {
    const { world } = report
    const random = report.chance(2)
    return inBatch(report, (k) => {
      const noise = world.kind === 'prompts' ? 1 : world.domains[k]!.noise / 0.25
      return usualVariance * noise ** 2 * (1 + gradientNoise * random.gauss())
    })
  },
  /** With the gradient of the target: those of all domains, by importance. */
  gradientAlignment(report) {
    const { domains } = report.world
    const { inner, norm } = report.gradients()
    const random = report.chance(3)
    const length = Math.hypot(...domains.map(({ importance }, i) => importance * norm(i)))
    return inBatch(report, (k) => {
      let aligned = gradientNoise * random.gauss() * norm(k) * length
      domains.forEach(({ importance }, i) => (aligned += importance * inner(i, k)))
      return aligned
    })
  },

  failures(report) {
    const { world, state } = report
    const random = report.chance(4)
    const losses = heldOutLosses(world, state)
    // Between 0 and 1, and rising with the loss: no more is meant by it.
    const chances = world.kind === 'prompts' ? losses : losses.map((loss) => 1 - Math.exp(-loss / 3))
    return atEvaluations(report, (k) => {
      let failed = 0
      for (let i = 0; i < questions; i++) if (random.uniform() < chances[k]!) failed++
      return failed
    })
  },
  scored: (report) => atEvaluations(report, () => questions),
  /** What is left to learn, as a reward model would see it: held-out loss above the least there can be. */
  rewardGapSum(report) {
    const { world, state } = report
    const random = report.chance(5)
    const losses = heldOutLosses(world, state)
    const least = floors(world, state)
    return atEvaluations(
      report,
      (k) => questions * (losses[k]! - least[k]!) + 0.25 * Math.sqrt(questions) * random.gauss(),
    )
  },
}

/** What each domain's gradient does to one other domain, or to the task of that name. */
const signalsOfAnother: Readonly<Record<string, Signal>> = {
  gradientInnerProduct: (report, position) => innerWith(report, Number(position), 100),
  taskAlignment(report, task) {
    const n = columnOf(report.world, 'taskAlignment', task)
    const loss = heldOutLosses(report.world, report.state)[n]!
    return innerWith(report, n, 10_000).map((product) => product / loss)
  },
  /** Of the mixture's gradient: each domain's part stands in its own row. */
  taskRate(report, task) {
    const n = columnOf(report.world, 'taskRate', task)
    const loss = heldOutLosses(report.world, report.state)[n]!
    return innerWith(report, n, 20_000).map((product, k) => (report.weights[k]! * product) / loss)
  },
}

/** The domain that the argument of a signal speaks of: its position, or its name. −1 for none. */
function columnOf(world: World, stem: string, argument: string): number {
  if (stem !== 'gradientInnerProduct') return world.domains.findIndex((domain) => domain.name === argument)
  return /^\d+$/.test(argument) && Number(argument) < world.domains.length ? Number(argument) : -1
}

function innerWith(report: Report, n: number, stream: number): number[] {
  const { inner, norm } = report.gradients()
  const random = report.chance(stream + n)
  return inBatch(report, (k) => inner(n, k) + gradientNoise * random.gauss() * norm(n) * norm(k))
}

/** A domain that the rank has no tokens of tells nothing, and says so by a 0 where reports are counted. */
const inBatch = ({ tokens }: Report, value: (k: number) => number): number[] =>
  tokens.map((n, k) => {
    // Computed in any case, so that a domain's chance does not hang on who else was sampled.
    const amount = value(k)
    return n > 0 ? amount : 0
  })

const atEvaluations = (report: Report, value: (k: number) => number): number[] | undefined =>
  report.evaluated ? report.tokens.map((_, k) => value(k)) : undefined
