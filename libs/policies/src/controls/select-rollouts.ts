import { roundHalfEven } from '../numerics/round-half-even.js'

/**
 * Which rollouts of a batch a trainer keeps for its update, by a score each (DataFlex-RL's selectors; GFPO is arXiv
 * 2508.09726, largest variance is PODS, arXiv 2504.13818):
 * - `band`: scores strictly between low and high.
 * - `topFraction`: that share of the batch with the largest (or smallest) scores.
 * - `gfpo`: of every group the `count` shortest, or those with the most reward for their length.
 * - `largestVariance`: of every group that share whose rewards vary most.
 */
export type RolloutSelection =
  | { readonly rule: 'band'; readonly low: number; readonly high: number }
  | { readonly rule: 'topFraction'; readonly fraction: number; readonly largest: boolean }
  | { readonly rule: 'gfpo'; readonly count: number; readonly metric: 'efficiency' | 'short' }
  | { readonly rule: 'largestVariance'; readonly fraction: number }

export type ScoredRollouts = {
  readonly scores: readonly number[]
  /** The prompt of every rollout; left out: one group. */
  readonly groups?: readonly number[]
  /** Tokens of every rollout; needed by `gfpo`. */
  readonly lengths?: readonly number[]
}

/**
 * Indices that are kept, ascending. Scores count in float32, as in the published code; ties go to the lower index, and a
 * rollout whose score is no number is never kept.
 */
export function selectRollouts(selection: RolloutSelection, rollouts: ScoredRollouts): readonly number[] {
  const scores = rollouts.scores.map(Math.fround)
  const all = [...scores.keys()]
  switch (selection.rule) {
    case 'band': {
      const [low, high] = [Math.fround(selection.low), Math.fround(selection.high)]
      return all.filter((i) => scores[i]! > low && scores[i]! < high)
    }
    case 'topFraction': {
      const count = Math.max(1, roundHalfEven(selection.fraction * all.length))
      return top(all, selection.largest ? scores : scores.map((score) => -score), count)
    }
    case 'gfpo': {
      const lengths = all.map((i) => Math.max(1, rollouts.lengths?.[i] ?? 1))
      const merits = all.map((i) =>
        selection.metric === 'short' ? -lengths[i]! : Math.fround(scores[i]! / lengths[i]!),
      )
      return ascending(groupsOf(rollouts).flatMap((group) => top(group, merits, selection.count)))
    }
    case 'largestVariance':
      return ascending(groupsOf(rollouts).flatMap((group) => mostVaried(group, scores, selection.fraction)))
  }
}

function groupsOf({ scores, groups }: ScoredRollouts): readonly (readonly number[])[] {
  if (groups === undefined) return [[...scores.keys()]]
  const members = new Map<number, number[]>()
  groups.forEach((group, i) => {
    const known = members.get(group)
    if (known === undefined) members.set(group, [i])
    else known.push(i)
  })
  return [...members.values()]
}

function top(among: readonly number[], merits: readonly number[], count: number): readonly number[] {
  const best = among.filter((i) => !Number.isNaN(merits[i])).sort((a, b) => merits[b]! - merits[a]! || a - b)
  return ascending(best.slice(0, count))
}

/**
 * The subset of largest variance is some of the lowest and some of the highest rewards; the least number of lowest ones
 * that reaches the maximum is taken.
 */
function mostVaried(
  members: readonly number[],
  scores: readonly number[],
  fraction: number,
): readonly number[] {
  const group = members.filter((i) => !Number.isNaN(scores[i]))
  const kept = Math.max(1, roundHalfEven(fraction * members.length))
  if (kept >= group.length) return group
  const sorted = [...group].sort((a, b) => scores[a]! - scores[b]! || a - b)
  const sums = [0]
  const squares = [0]
  for (const i of sorted) {
    sums.push(sums.at(-1)! + scores[i]!)
    squares.push(squares.at(-1)! + scores[i]! * scores[i]!)
  }
  const size = sorted.length
  let largest = -1
  let lowest = 0
  for (let low = 0; low <= kept; low++) {
    const from = size - (kept - low)
    const total = sums[low]! + (sums[size]! - sums[from]!)
    const square = squares[low]! + (squares[size]! - squares[from]!)
    const mean = total / kept
    const variance = square / kept - mean * mean
    if (variance > largest) {
      largest = variance
      lowest = low
    }
  }
  return [...sorted.slice(0, lowest), ...sorted.slice(size - (kept - lowest))]
}

const ascending = (indices: readonly number[]): readonly number[] => [...indices].sort((a, b) => a - b)
