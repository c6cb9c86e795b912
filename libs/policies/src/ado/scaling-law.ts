/** A loss that falls with the amount of data: exp(logIrreducible) + exp(logScale) · count^(−exponent). */
export type ScalingLaw = {
  readonly logScale: number
  readonly logIrreducible: number
  readonly exponent: number
}

/** What can still be learned after so much data: exp(logScale) · count^(−exponent). */
export function reducibleLoss({ logScale, exponent }: ScalingLaw, count: number): number {
  return Math.exp(logScale) / Math.pow(count, exponent)
}

export function scalingLawLoss(law: ScalingLaw, count: number): number {
  return Math.exp(law.logIrreducible) + reducibleLoss(law, count)
}
