import type { Guide } from '../policy.js'

/** What people read of `aioli`. */
export const aioliGuide: Guide = {
  avoidWhen:
    'The trainer cannot evaluate all domains every few steps, or there are so many domains that probing each would eat the run: a round spends K · sweeps · stepsPerProbe steps on probes. Guard rails that forbid lopsided mixtures bend the probes, and where they make them all alike nothing can be learned. With an average (`ema`) and a small step size the weights hardly move at all.',
  mathematics: [
    'A round: an evaluation of held-out losses; then every domain is probed, in random order, `sweeps` times: stepsPerProbe training steps under the mixture Pⱼ, which is f = `oneHotFactor` of domain j and (1 − f)/(K − 1) of each other, then an evaluation. Bᵢⱼ is the fall of the loss of i over probes of j, averaged over sweeps.',
    'Each row is solved for the interaction: P · aᵢ = bᵢ. f = 1 means A = B. `diagonal`: Bᵢᵢ/f on the diagonal and 0 elsewhere.',
    '`normalise`: if the least entry is below 0 it is subtracted from all; then A is divided by the sum of its entries.',
    'Column sums sⱼ = Σᵢ Aᵢⱼ. Without `ema`: wⱼ ∝ wⱼ · exp(stepSize · sⱼ), accumulating from uniform. With `ema`: the average is (1 − ema) · A + ema · average, and w = softmax(stepSize · s) of it, from uniform each time; since column sums add up to 1, weights stay within a factor of exp(stepSize).',
    'The rest of the round, updateSteps − K · sweeps · stepsPerProbe steps, trains under w; the next evaluation begins the next round.',
    'A step counts for a probe when it was sampled under it, and an evaluation when it is of the last such step or later. Ask the policy every step (cadence 1) and evaluate every stepsPerProbe steps, or probes take longer than they have to; the command carries `evaluateAfterSteps`. Without an evaluation training goes on under the probe, and nothing waits.',
    'The order comes from `seed` and a counter in the state; the order of the round is in the state too.',
  ],
  cost: 'O(K) a step, O(K) an evaluation, O(K²) a round (O(K³) where guard rails bent a probe), O(K) a decision. State: the falls of this round and the last interactions, 2 to 3 K² numbers, and K · sweeps for the order.',
  absentDomains:
    'Steps are only counted; who was in them makes no difference. A domain without a held-out loss before or after one of its round’s probes has no row in that round: nothing is known of how it fares, and the rows of the others decide. An evaluation that lacks domains waits for the next step to close, in case another message brings them.',
  differences: [
    'Equal interactions, such as no change at all, are 0/0 in the published code once they are normalised, which ends in NaN for good; here they are equal, 1/K² each, and move nothing.',
    'The code multiplies numbers that are never divided by their sum; here logarithms are added.',
    'The first round of the code starts from uniform whatever the prior was; `accumulateFrom: start` keeps the mixture the run started with as a factor.',
    '`diagonal` has no effect at a oneHotFactor of 1, as in the code.',
    'Where guard rails or people bend a probe, the interactions are solved for the mixtures that were in force. Where those cannot be told apart, the round changes nothing.',
    'The code evaluates once more before the probes, whatever the end of the last round measured; here the first evaluation of that step or later begins the round, and none is used for two purposes but as the end of one probe and the beginning of the next.',
    'Running a graph of Skill-It before the first round, which the code can, is `schedule` with `skill-it` first.',
  ],
}
