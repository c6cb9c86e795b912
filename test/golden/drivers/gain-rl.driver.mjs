const settings = ['items', 'n', 'alpha', 'beta', 'standardDeviation', 'shiftMinimum', 'shiftMaximum']
const unbounded = 1e300
const total = (numbers) => numbers.reduce((a, b) => a + b, 0)
/** The ranks of a recording: its domains, or one that holds all items where only the centre was recorded. */
const namesOf = ({ domains }) => (domains.length > 0 ? domains : ['all'])

/** Reads the recordings of `gain-rl`: a Gaussian over ranked items, whose domains are single ranks or equal blocks of them. */
export const driver = {
  golden: 'gain-rl',
  settings,
  configure(hyperparameters, golden) {
    const names = namesOf(golden)
    const { items = names.length, n = 500, alpha = 2, beta = 0.5, standardDeviation = 1000 } = hyperparameters
    const { shiftMinimum = 0, shiftMaximum = 1000 } = hyperparameters
    const each = items / names.length
    if (!Number.isInteger(each)) return { notCovered: `${items} items in ${names.length} blocks of equal size` }
    return {
      policy: 'gaussian-curriculum',
      config: {
        items: Object.fromEntries(names.map((name) => [name, each])),
        angle: true,
        stepSize: n,
        steepness: alpha,
        target: beta,
        width: standardDeviation,
        startRank: golden.initial?.center ?? 0,
        smallestShift: shiftMinimum ?? -unbounded,
        largestShift: shiftMaximum ?? unbounded,
      },
    }
  },
  start(golden) {
    const names = namesOf(golden)
    const weights = golden.initial?.weights ?? names.map(() => 1 / names.length)
    return { domains: names.map((name) => ({ name })), weights }
  },
  /** The rule pools all samples, so they are told of the first domain; the mean angle is that of as many samples. */
  facts({ step, observation }, current) {
    const accuracy = observation.accuracy.filter(Number.isFinite)
    const angle = observation.angle.filter(Number.isFinite)
    const only = (value) => current.map((_, i) => (i === 0 ? value : 0))
    const angleSum = angle.length === 0 ? 0 : (total(angle) / angle.length) * accuracy.length
    return [
      {
        kind: 'step',
        step,
        present: current.map((_, i) => i === 0),
        tokens: only(accuracy.length),
        lossSum: only(0),
        sequences: only(accuracy.length),
        signals: { rewardSum: only(total(accuracy)), rollouts: only(accuracy.length), angleSum: only(angleSum) },
        inForce: current,
      },
    ]
  },
  recorded: ({ center, shift }) => ({ center, shift }),
  nullable: [],
}
