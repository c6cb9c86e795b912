import { given, isOfPaper, known } from '../settings.mjs'
import { stepFact } from '../step-fact.mjs'

/** Domains as recorded, by position or by name, as positions. */
const positions = (domains, listed) => (listed ?? domains.map((_, i) => i)).map((one) => (typeof one === 'string' ? domains.indexOf(one) : one))
const trainedOf = ({ domains, hyperparameters }) => positions(domains, hyperparameters?.trainDomains)

/** Puts numbers that follow the training domains where their domains are. */
function spread(golden, numbers) {
  const trained = trainedOf(golden)
  if (numbers.length === golden.domains.length && trained.length !== numbers.length) return numbers
  const all = new Array(golden.domains.length).fill(0)
  trained.forEach((domain, position) => (all[domain] = numbers[position]))
  return all
}

/**
 * Reads the recordings of `doge`. `alignment` and `gradientNorm` hold the stale gradients of absent domains and are after
 * gradient clipping, so `present`, `loss`, `innerProduct`, `maxGradientNorm` and the targets have done their work already.
 */
export const driver = {
  golden: 'doge',
  settings: known(
    ...['variant', 'mu', 'learningRate', 'smoothing', 'scoreMinimum', 'scoreMaximum'],
    ...['maxGradientNorm', 'trainDomains', 'targetDomains', 'selfTerm'],
  ),
  configure({ scoreMinimum, scoreMaximum, ...hyperparameters }, golden) {
    const { mu, learningRate, smoothing } = given(hyperparameters)
    const trained = trainedOf(golden)
    const config = {
      variant: isOfPaper(golden) ? 'paper' : 'official',
      ...given({ scoreDivisor: mu, learningRate, smoothing }),
      // Here null is a bound that is off, not one at its default.
      ...(scoreMinimum === undefined ? {} : { scoreMinimum }),
      ...(scoreMaximum === undefined ? {} : { scoreMaximum }),
      targetOnly: golden.domains.filter((_, i) => !trained.includes(i)),
    }
    return { policy: 'doge', config }
  },
  facts(step, current, golden) {
    const { learningRate, alignment, innerProduct, gradientNorm } = step.observation
    const sums = alignment ?? innerProduct.map((row) => row.reduce((a, b) => a + b, 0))
    const zeros = golden.domains.map(() => 0)
    const trained = trainedOf(golden)
    const reports = zeros.map((_, i) => Number(trained.includes(i)))
    const norms = spread(golden, gradientNorm ?? trained.map(() => 0))
    const rate = learningRate ?? golden.hyperparameters?.learningRate ?? 1e-4
    const fact = stepFact(
      step.step,
      {
        tokens: zeros,
        lossSum: zeros,
        sequences: reports,
        signals: {
          gradientAlignment: spread(golden, sums),
          gradientSquaredNorm: norms.map((norm) => (norm === null ? NaN : norm * norm)),
          gradientReports: reports,
          learningRate: reports.map((count) => count * rate),
        },
      },
      current,
    )
    return [fact]
  },
  recorded: (state) => ({ averageWeights: state.averageWeights, updateCount: state.updates }),
  /** Our state after a recorded step. Alignments and norms come anew with every step. */
  stored: (fresh, recorded, weights) => ({
    ...fresh,
    weights,
    averageWeights: recorded.averageWeights ?? weights,
    updates: recorded.updateCount ?? 0,
  }),
  nullable: [],
}
