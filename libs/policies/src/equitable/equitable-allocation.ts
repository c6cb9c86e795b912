/** A learning curve: loss = irreducible + scale · samples^(−exponent). */
export type LearningCurve = {
  readonly scale: number
  readonly exponent: number
  readonly irreducible: number
}

export type Group = {
  readonly curve: LearningCurve
  /** What a unit of this group's loss counts in the sum. */
  readonly importance: number
  /** What a sample costs. */
  readonly cost: number
  /** Samples there already, and the most there can be (infinite: no limit). */
  readonly held: number
  readonly cap: number
}

export type Allocation = {
  /** Samples of each group in the end, those held included. */
  readonly samples: readonly number[]
  readonly spent: number
  readonly losses: readonly number[]
  /** Sum: what one more unit of budget is worth. Null where the budget is more than can be used, or than is not spent already. */
  readonly multiplier: number | null
  /** Max: the loss to which the budget brings everybody that it reaches. Null likewise. */
  readonly level: number | null
}

/** A flat curve says its loss for any number of samples, none included. */
export function curveLoss({ scale, exponent, irreducible }: LearningCurve, samples: number): number {
  return scale > 0 ? irreducible + scale / Math.pow(samples, exponent) : irreducible
}

/**
 * Where to spend a budget, which includes what the samples held have cost, so that the sum of losses by importance, or
 * the largest loss, is least (reconstructed from arXiv 2202.01327). One number decides all, and is bisected to the last bit:
 * for the sum the worth μ of money, at which a group wants (importance · scale · exponent / (cost · μ))^(1/(exponent + 1))
 * samples; for the largest loss the level ℓ, for which it needs (scale / (ℓ − irreducible))^(1/exponent). The whole budget is spent
 * unless nobody can use it. O(K) in each of some 70 rounds.
 */
export function allocate(groups: readonly Group[], budget: number, objective: 'sum' | 'max'): Allocation {
  const grows = ({ curve, importance }: Group) => curve.scale > 0 && (objective === 'max' || importance > 0)
  const wantedAt = objective === 'sum' ? samplesAtWorth : samplesAtLevel
  const samplesAt = (number: number) =>
    groups.map((group) => (grows(group) ? within(wantedAt(group, number), group) : group.held))
  const costOf = (samples: readonly number[]) =>
    samples.reduce((total, count, i) => total + (count > 0 ? groups[i]!.cost * count : 0), 0)
  const result = (
    samples: readonly number[],
    multiplier: number | null,
    level: number | null,
  ): Allocation => ({
    samples,
    spent: costOf(samples),
    losses: samples.map((count, i) => curveLoss(groups[i]!.curve, count)),
    multiplier,
    level,
  })

  const most = groups.map((group) => (grows(group) ? within(Infinity, group) : group.held))
  if (costOf(most) <= budget) return result(most, null, null)
  const held = groups.map((group) => group.held)
  if (costOf(held) >= budget) return result(held, null, null)
  const overspends = (number: number) => costOf(samplesAt(number)) > budget
  if (objective === 'sum') {
    const logWorth = leastWithin((number) => overspends(Math.exp(number)), 0)
    return result(samplesAt(Math.exp(logWorth)), Math.exp(logWorth), null)
  }
  const level = leastWithin(overspends, Math.max(...groups.map(({ curve }) => curve.irreducible)))
  return result(samplesAt(level), null, level)
}

function samplesAtWorth({ curve, importance, cost }: Group, worth: number): number {
  const { scale, exponent } = curve
  return Math.pow((importance * scale * exponent) / (cost * worth), 1 / (exponent + 1))
}

function samplesAtLevel({ curve }: Group, level: number): number {
  const { scale, exponent, irreducible } = curve
  return level > irreducible ? Math.pow(scale / (level - irreducible), 1 / exponent) : Infinity
}

const within = (samples: number, { held, cap }: Group): number => Math.max(Math.min(samples, cap), held)

/** The least number, to the last bit, at which the budget is kept: below it is overspent, above it is not. */
function leastWithin(overspends: (number: number) => boolean, guess: number): number {
  let [low, high] = [guess - 1, guess + 1]
  for (let width = 2; overspends(high); width *= 2) [low, high] = [high, high + width]
  for (let width = 2; !overspends(low); width *= 2) [low, high] = [low - width, low]
  for (;;) {
    const middle = (low + high) / 2
    if (!(middle > low && middle < high)) return high
    if (overspends(middle)) low = middle
    else high = middle
  }
}
