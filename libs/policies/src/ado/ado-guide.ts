import type { Guide } from '../policy.js'

export const adoGuide: Guide = {
  avoidWhen:
    'The run is shorter than a few thousand steps (the prior stays until the first fit), training repeats its data (a falling training loss is memory then; fit to evaluations), or losses jump with the learning rate, which a power law cannot follow. The paper names token-proportional sampling as the second-best method: run it beside this one.',
  mathematics: [
    'Law of domain k: Lₖ(n) = εₖ + βₖ n^(−αₖ), with a = ln β and e = ln ε; n is the data seen (of all domains where they share their count, so that it cancels between domains).',
    'Fit: least Σ Huber(ln Lₖ(n) − ln observed; 0.001) with bounds on a, e and α, over points that smoothing has made of the losses after ignoreSteps.',
    'Learning speed: vₖ = max(αₖ, slopeExponentFloor) · (Lₖ(n) − εₖ) / n.',
    'Credit: hₖ ← (1 − creditSmoothing) hₖ + creditSmoothing · share of the batch.',
    'Preference: ρₖ = μₖ hₖ^creditExponent vₖ / Σ, where μ is the prior; then max(ρₖ, floor) / Σ.',
    'Policy: π = (1 − preferenceShare) · π̄ + preferenceShare · ρ, with π̄ from before this step; then π̄ ← (1 − 1/(t+1)) π̄ + ρ/(t+1), t being the number of the step.',
    'Since π̄ averages over all steps and the prior counts for the whole warm-up, π moves slowly. That is the rule, not a fault.',
    'Signals: tokens and lossSum (nats), sequences and `sequenceLossSum` (nats: the sum over sequences of the mean loss of each) where laws count sequences. None of the last two has to be sent: without them the mean over tokens is the loss, and tokens / tokensPerCount are the sequences.',
    'Advice: with `fit: advice`, three numbers a domain in domain order (a, e, α), flattened, replace the laws at once.',
  ],
  cost: 'A step: O(K), two powers a domain. A decision: O(K). A refit: about 1 ms a domain at 128 points, so some 20 to 30 ms for 24 domains, once in refitEvery steps; it runs inside the step that is due. State: at most historyPoints points of K + 1 numbers (24 domains, 128 points: about 30 kB), and for the Savitzky-Golay filter smoothingWindow rows more. With historyPoints 0 the state grows with the run, by one point in `subsample` steps.',
  absentDomains:
    'A domain that is not in a batch loses credit (its share of the batch was 0) and nothing else. With block means its loss is left out; the filter needs every row, so there it repeats its last loss, and before its first it has the mean of the batch, as in the official code. A step without tokens of any domain changes nothing. A domain without a law keeps its prior share where laws are adopted one by one. A loss that is not positive or above highestLoss counts as not reported, while its data counts.',
  differences: [
    'recommended: the step of the official code, with other settings for its traps. A first fit has 50 points instead of one (ignoreSteps 500, startStep 1000; at least 20). The irreducible loss is not bounded from below: the published bound of 1.65 nats pushes every domain with a lower loss (code, mathematics) to the floor. Losses above 30 nats are skipped, where one bad loss blocks all later fits of the official code. A domain whose fit fails does not stop the others. Counts are tokens / 1024, so the bounds mean what they meant. Smoothing is by blocks, which look at no future step. Refits count from startStep, and one that falls between two steps is made up for.',
    'official: the published code at commit bc3d8d0, with the correction of 9 December 2024 (credit is √h; before, √(h(1 − h)), which is `creditOf: spread`). Its credit follows realised counts, its exponent has a floor of 0.05 in the speed, and refits fall on multiples of refitEvery. Its own defaults are ignoreSteps 2400 and startStep 5000, its Pile settings 1000 and 1000; give them where they are wanted. For its whole history set historyPoints to 0.',
    'mixtera: the second implementation (github.com/eth-easl/mixtera). The floor is on π, for domains seen so far; credit follows π, after it; π, ρ and π̄ are scaled to sum 1; the average takes ρ before the floor; there is no floor on the exponent; shared counts begin with the first tokens of a domain; step numbers begin with 1. Its bounds are hard.',
    'paper: credit follows the mixture a batch was drawn by, and the exponent has no floor. The paper leaves its smoothing and bounds to the code; here they are the recommended ones.',
    'The fit: the codes run L-BFGS from 512 starts (Mixtera fewer); ours scans exponents and descends once or twice by reweighted Gauss-Newton steps. On the recorded histories its objective is never above theirs and its curves are within 6e-6. Where the data does not determine a law (one point; a loss under the bound) parameters differ, as they do between their optimisers. Parameters stay between e^−50 and finite.',
    'Where the official code divides zero by zero (no speed left in any domain), the same formula in logarithms gives the preference. A loss that is NaN never reaches the history. Fewer rows than the filter is long: no fit, where the official code stops with an error.',
    'Before its first update the policy holds, so an override made during warm-up stays; the code goes back to its prior. Guard rails do not feed back: average and weights are the policy’s own.',
  ],
}
