import { keepFinite } from '../numerics/keep-finite.js'
import { softmax } from '../numerics/softmax.js'

/**
 * How strongly training on the skill of a row (a domain) lowers the loss of the evaluation skill of a column. `rows: null`
 * is the identity: every domain is its own skill and helps no other.
 */
export type SkillGraph = {
  readonly rows: readonly (readonly number[])[] | null
  /** What an off-diagonal entry of exactly 1 counts as. */
  readonly edgeOfOne: number
  /** Whether every diagonal entry counts as 1. */
  readonly diagonalOfOne: boolean
  /** The columns in use, in order; whether they were chosen as targets, and whether columns are the domains. */
  readonly columns: readonly number[]
  readonly targeted: boolean
  readonly columnsAreDomains: boolean
}

/** An entry of the graph as the update sees it, before any halving. */
export function edge(graph: SkillGraph, row: number, column: number): number {
  if (row === column && graph.diagonalOfOne) return 1
  if (graph.rows === null) return row === column ? 1 : 0
  const entry = graph.rows[row]![column]!
  return row !== column && entry === 1 ? graph.edgeOfOne : entry
}

/**
 * For every row Σ over columns of edge · loss, with `losses` in the order of the columns. Positive edges that the official
 * code halves after each round count 2^−halvings: where as many columns are in use as there are rows those off their
 * diagonal, else all of them; never the edge of a target to itself, which the code tells by its position in the graph.
 */
export function influence(
  graph: SkillGraph,
  domains: number,
  losses: readonly number[],
  halvings = 0,
): readonly number[] {
  const { columns } = graph
  const factor = Math.pow(0.5, halvings)
  const isSquare = domains === columns.length
  if (graph.rows === null) {
    const byDomain = new Map(columns.map((column, c) => [column, losses[c]!]))
    return Array.from({ length: domains }, (_, row) => keepFinite(byDomain.get(row) ?? 0))
  }
  return Array.from({ length: domains }, (_, row) => {
    let total = 0
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c]!
      const entry = edge(graph, row, column)
      if (entry === 0) continue
      const own = graph.targeted && row === column
      const isHalved = halvings > 0 && entry > 0 && !own && !(isSquare && row === c)
      total += keepFinite((isHalved ? entry * factor : entry) * keepFinite(losses[c]!))
    }
    return keepFinite(total)
  })
}

/** Domains that neither help another nor are helped: a diagonal of 1 and nothing else in row and column. */
export function isolatedDomains(graph: SkillGraph, domains: number): readonly boolean[] {
  const { rows } = graph
  if (rows === null) return new Array<boolean>(domains).fill(true)
  const alone = rows.map(
    (row, i) => edge(graph, i, i) === 1 && row.every((entry, j) => i === j || entry === 0),
  )
  rows.forEach((row, i) => row.forEach((entry, j) => i !== j && entry !== 0 && (alone[j] = false)))
  return alone
}

/** The domains with a positive edge into a column in use, those columns' own domains included. */
export function prerequisites(graph: SkillGraph, domains: number): readonly boolean[] {
  return Array.from({ length: domains }, (_, row) =>
    graph.columns.some(
      (column) => (graph.columnsAreDomains && row === column) || edge(graph, row, column) > 0,
    ),
  )
}

/** prior · exp(exponent) / Σ; isolated domains keep 1/K each, and the others divide the rest. */
export function skillWeights(
  exponents: readonly number[],
  prior: readonly number[] | null,
  isolated: readonly boolean[] | null,
): readonly number[] {
  const domains = exponents.length
  const apart = isolated === null ? 0 : isolated.filter(Boolean).length
  if (apart === domains) return exponents.map(() => 1 / domains)
  const shares = softmax(
    exponents.map((exponent, i) =>
      isolated?.[i] === true ? -Infinity : keepFinite(exponent) + (prior === null ? 0 : Math.log(prior[i]!)),
    ),
  )
  return shares.map((share, i) => (isolated?.[i] === true ? 1 / domains : share * (1 - apart / domains)))
}
