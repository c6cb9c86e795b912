import { given, known, named } from '../settings.mjs'
import { stepFact } from '../step-fact.mjs'

const proportionNames = ['evaluationProportions', 'q']
const sharpnessNames = ['sharpness', 'lambda']
const alignmentOf = (observation) => named(observation, 'gradientAlignment', 'alignment')
/** A Gram matrix is of mean gradients; inner products are of sums over samples, where samples are counted. */
const gramOf = (observation) => named(observation, 'gramMatrix', 'gram', 'G')
const productsOf = (observation) => named(observation, 'gradientInnerProduct', 'innerProduct')
const samplesOf = (observation) => named(observation, 'gradientSamples', 'samples', 'sampleCount', 'sequenceCount')

/** Reads recordings of `rnb` in the format of the others: a matrix with rows and columns in domain order, or its product with q. */
export const driver = {
  golden: 'rnb',
  settings: known(...proportionNames, ...sharpnessNames, 'missingDomain', 'updateEvery'),
  configure(hyperparameters, { domains, steps }) {
    const { updateEvery, missingDomain } = given(hyperparameters)
    const isMixed = alignmentOf(steps[0]?.observation) !== undefined
    const listed = named(hyperparameters, ...proportionNames) ?? domains.map(() => 1)
    const proportions = Array.isArray(listed) ? Object.fromEntries(domains.map((name, i) => [name, listed[i]])) : listed
    const sharpness = named(hyperparameters, ...sharpnessNames)
    const config = given({ sharpness, updateEvery, missingDomain, evaluationProportions: isMixed ? undefined : proportions })
    return { policy: 'rnb', config }
  },
  facts(step, current, { domains }) {
    const { observation } = step
    const ones = domains.map(() => 1)
    const gram = gramOf(observation)
    const matrix = gram ?? productsOf(observation)
    const samples = gram === undefined ? (samplesOf(observation) ?? ones) : ones
    const columns = domains.map((_, j) => [`gradientInnerProduct.${j}`, matrix?.map((row) => row[j])])
    const signals = matrix === undefined ? { gradientAlignment: alignmentOf(observation) } : Object.fromEntries(columns)
    const present = observation.present ?? samples
    const sums = { tokens: samples, lossSum: ones, sequences: present, signals: { ...signals, gradientSamples: samples } }
    return [stepFact(step.step, sums, current)]
  },
  nullable: [],
}
