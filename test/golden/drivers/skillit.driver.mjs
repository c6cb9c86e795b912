import { given, isOfPaper, known } from '../settings.mjs'
import { byName } from './sheared.driver.mjs'

const online = ['normaliseByInitialLoss', 'stepSizeSchedule', 'halveOffDiagonals', 'syntheticFirstLoss', 'isolatedNodes']

/** A target is a column, or its name. */
const targetsAmong = (skills, targets) => targets?.map((target) => (typeof target === 'number' ? skills[target] : target))

/** Names of the columns that are no domains. */
const skillsOf = ({ hyperparameters: { graph } }) => graph[0].map((_, column) => `skill-${column}`)
const areDomains = ({ hyperparameters: { graph, outOfDomain }, domains }) =>
  outOfDomain !== true && (!graph || graph[0].length === domains.length)

/** Reads the recordings of `skillit`: the window over evaluations, and the static weights of a graph. */
export const driver = {
  golden: 'skillit',
  settings: known(
    ...['variant', 'mode', 'graph', 'targetSkills', 'outOfDomain', 'stepSize', 'window', 'windowUnit', 'aggregate'],
    ...['edgeOfOne', 'diagonalForcedToOne', 'prior', 'ignoreLoneNodes', ...online],
  ),
  configure(hyperparameters, golden) {
    const { graph, targetSkills, stepSize, window, windowUnit, aggregate, edgeOfOne, prior, ignoreLoneNodes } = hyperparameters
    const skills = areDomains(golden) ? golden.domains : skillsOf(golden)
    const switches = given(Object.fromEntries(online.map((name) => [name, hyperparameters[name]])))
    const counts = new Set(golden.steps.map(({ observation }) => observation?.evaluations?.length ?? 0))
    if (counts.size > 1 && (hyperparameters.halveOffDiagonals || windowUnit === 'round'))
      return { notCovered: 'rounds of different numbers of evaluations' }
    const isStatic = /static/.test(golden.rule ?? '') || hyperparameters.mode === 'static'
    return {
      policy: 'skill-it',
      config: given({
        variant: isOfPaper(golden) ? 'paper' : 'official',
        mode: isStatic ? 'static' : 'online',
        graph,
        evaluationSkills: areDomains(golden) ? null : skills,
        targetSkills: targetsAmong(skills, targetSkills),
        ...{ stepSize, window, windowUnit, aggregate, edgeOfOne, evaluationsPerRound: Math.max(1, ...counts) },
        diagonalOfOne: hyperparameters.diagonalForcedToOne,
        prior: byName(golden.domains, prior),
        ...switches,
        isolatedNodes: ignoreLoneNodes === true ? 'uniform' : switches.isolatedNodes,
      }),
    }
  },
  /** Every evaluation since the last update, oldest first; each has a step of its own. */
  facts({ step, observation }, _current, golden) {
    const skills = skillsOf(golden)
    const facts = (observation?.evaluations ?? []).map((losses, i) => ({
      kind: 'evaluation',
      step: step * 10_000 + i,
      loss: areDomains(golden) ? losses : golden.domains.map(() => null),
      scores: areDomains(golden) ? {} : Object.fromEntries(losses.map((loss, column) => [skills[column], loss])),
    }))
    return facts
  },
  recorded: (state, config) => (config.syntheticFirstLoss ? {} : { evaluationsSoFar: state.evaluations }),
  nullable: [],
  /** An overflow leaves the window again. */
  recovers: true,
}
