import type { KnapsackRules } from './knapsack-exact.js'

/** The rules that the published tables were computed with: 8 rollouts a prompt, 2 at least, no fallback. */
export const published: KnapsackRules = {
  rolloutsPerPrompt: 8,
  totalBudget: null,
  minimum: 2,
  allWrong: null,
  allRight: null,
  maximum: 128,
  fallback: false,
  confidence: 0.9,
  costEstimation: 'probability',
  informationGain: 'p(1-p)^2',
}
