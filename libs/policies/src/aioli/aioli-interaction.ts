import { keepFinite } from '../numerics/keep-finite.js'
import { solveLinear } from './solve-linear.js'

/** Row i: the domain evaluated; column j: the mixture trained on. */
export type Interaction = readonly (readonly number[])[]

export type Probes = {
  /** How much of a probe is the probed domain. */
  readonly oneHotFactor: number
  readonly diagonal: boolean
  /** Mixtures that were in force in place of the intended ones, by probed domain; `null` where they were as intended. */
  readonly bent: readonly (readonly number[] | null)[]
}

/** The mixture that probes a domain: mostly that one, the rest shared equally. */
export function probeMixture(domains: number, domain: number, oneHotFactor: number): readonly number[] {
  const rest = domains === 1 ? 1 : (1 - oneHotFactor) / (domains - 1)
  return Array.from({ length: domains }, (_, i) => (i === domain && domains > 1 ? oneHotFactor : rest))
}

/**
 * The interaction A behind the falls B of losses under probes P, P · aᵢ = bᵢ for every row. The intended P has one number on
 * its diagonal and another elsewhere and rows that sum to one, which solves it in O(K²); bent probes take O(K³). Undefined
 * where probes were too alike to tell apart.
 */
export function solveInteraction(falls: Interaction, probes: Probes): Interaction | undefined {
  const domains = falls.length
  const { oneHotFactor, diagonal, bent } = probes
  if (diagonal && oneHotFactor !== 1)
    return falls.map((row, i) => row.map((fall, j) => (i === j ? fall / oneHotFactor : 0)))
  if (bent.some((mixture) => mixture !== null)) {
    return solveLinear(
      bent.map((mixture, j) => mixture ?? probeMixture(domains, j, oneHotFactor)),
      falls,
    )?.map((row) => row.map(keepFinite))
  }
  if (oneHotFactor === 1) return falls
  const rest = (1 - oneHotFactor) / (domains - 1)
  return falls.map((row) => {
    const total = row.reduce((all, fall) => keepFinite(all + fall), 0)
    return row.map((fall) => keepFinite((fall - rest * total) / (oneHotFactor - rest)))
  })
}

/**
 * Shifts a negative least entry to 0 and divides by the sum of all. Equal entries, whatever they are, become 1/K² each, where
 * the published code divides 0 by 0. Rows that were not measured are left out and 0.
 */
export function normaliseInteraction(matrix: Interaction, measured: readonly boolean[]): Interaction {
  const rows = matrix.filter((_, i) => measured[i] === true)
  const least = rows.reduce((all, row) => row.reduce((a, b) => Math.min(a, b), all), 0)
  const total = rows.reduce((all, row) => row.reduce((a, b) => a + (b - least), all), 0)
  const even = 1 / (rows.length * matrix.length)
  return matrix.map((row, i) =>
    row.map((entry) => (measured[i] !== true ? 0 : total > 0 ? (entry - least) / total : even)),
  )
}

export function blend(older: Interaction, newer: Interaction, keep: number): Interaction {
  return newer.map((row, i) => row.map((entry, j) => (1 - keep) * entry + keep * older[i]![j]!))
}

/** How much each mixture lowers the losses of all domains together. */
export function columnSums(matrix: Interaction): readonly number[] {
  return matrix[0]!.map((_, j) => matrix.reduce((all, row) => keepFinite(all + row[j]!), 0))
}
