import { keepFinite } from '../numerics/keep-finite.js'
import type { SkillItConfig } from './skill-it-config.js'
import { influence, isolatedDomains, prerequisites, skillWeights, type SkillGraph } from './skill-graph.js'

/** The columns of the graph in use, and the prior by domain. */
export type Known = { readonly columns: readonly number[]; readonly prior: readonly number[] | null }

/** Losses by column of the evaluations in the window, oldest first, and those that others are compared with. */
export type Seen = { readonly rows: readonly (readonly number[])[]; readonly base: readonly number[] | null }

function graphOf(config: SkillItConfig, { columns }: Known): SkillGraph {
  const { graph: rows, edgeOfOne, diagonalOfOne } = config
  return {
    rows,
    edgeOfOne,
    diagonalOfOne,
    columns,
    targeted: config.targetSkills !== null,
    columnsAreDomains: config.evaluationSkills === null,
  }
}

/** Weights from the graph alone, as if every loss were 1. */
export function firstWeights(config: SkillItConfig, known: Known, domains: number): readonly number[] {
  const graph = graphOf(config, known)
  if (config.mode === 'stratified') {
    const chosen = prerequisites(graph, domains)
    const count = chosen.filter(Boolean).length
    return chosen.map((one) => (one ? 1 / count : 0))
  }
  // In the official code the prior stands in for the first losses too, where columns are the domains and none is a target.
  const standsIn =
    config.variant === 'official' && config.evaluationSkills === null && config.targetSkills === null
  const losses = standsIn ? (known.prior ?? new Array<number>(domains).fill(1)) : known.columns.map(() => 1)
  return weightsFor(config, known, influence(graph, domains, losses), config.stepSize)
}

function weightsFor(
  config: SkillItConfig,
  known: Known,
  influences: readonly number[],
  stepSize: number,
): readonly number[] {
  const isolated =
    config.isolatedNodes === 'uniform' ? isolatedDomains(graphOf(config, known), influences.length) : null
  return skillWeights(
    influences.map((one) => stepSize * one),
    known.prior,
    isolated,
  )
}

/** Weights from the evaluations in the window, after so many finished rounds. */
export function windowWeights(
  config: SkillItConfig,
  state: Known & Seen,
  domains: number,
  finished: number,
): readonly number[] {
  const { rows, base, columns } = state
  const aggregate =
    config.aggregate ?? (config.variant === 'official' && config.targetSkills !== null ? 'mean' : 'sum')
  const losses = columns.map((_, c) => {
    let total = 0
    for (const row of rows) total += keepFinite(row[c]!)
    const loss = keepFinite(aggregate === 'mean' ? total / rows.length : total)
    // A base of 0 leaves nothing to compare with: the loss counts as it is.
    return config.normaliseByInitialLoss && base![c] !== 0 ? keepFinite(loss / base![c]!) : loss
  })
  const halvings = config.halveOffDiagonals ? finished : 0
  return weightsFor(
    config,
    state,
    influence(graphOf(config, state), domains, losses, halvings),
    stepSizeOf(config, state),
  )
}

/** The step size divided by the ratio of the newest losses to the base, where it is a ratio. */
function stepSizeOf(config: SkillItConfig, { rows, base }: Seen): number {
  if (!config.stepSizeSchedule) return config.stepSize
  const total = (row: readonly number[]) => row.reduce((all, loss) => keepFinite(all + keepFinite(loss)), 0)
  const scheduled = config.stepSize / (total(rows.at(-1)!) / total(base!))
  return Number.isFinite(scheduled) ? scheduled : config.stepSize
}
