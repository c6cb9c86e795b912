import type { Guide } from '../policy.js'

/** What people read of `skill-it`. */
export const skillItGuide: Guide = {
  avoidWhen:
    'There is no graph worth trusting: with the identity it only follows held-out losses, and a wrong edge is never corrected while the run goes on (`aioli` measures edges during the run). It needs evaluations by skill. With a large stepSize times large losses one domain takes all: there is no floor, so set one as a guard rail.',
  mathematics: [
    'A has a row for each domain i and a column for each evaluation skill j: how much training on i lowers the loss of j. `learnSkillGraph` makes one from finished runs.',
    'Before the first evaluation: wᵢ ∝ priorᵢ · exp(stepSize · Σⱼ Aᵢⱼ), as if every loss were 1.',
    'Then wᵢ ∝ priorᵢ · exp(stepSize · Σⱼ Aᵢⱼ · Sⱼ), from scratch at each evaluation, where Sⱼ is the sum (or mean) of the losses of skill j in the last `window` evaluations (or rounds), fewer at the start.',
    'Ratio of two weights, an exact check: exp(stepSize · Σⱼ (Aᵢⱼ − Aₖⱼ) · Sⱼ).',
    '`targetSkills`: only the columns of the skills that count. `evaluationSkills`: columns that are no domains (out of domain); their losses come as `scores` of evaluations.',
    'mode `static`: the weights before the first evaluation, for good. mode `stratified`: equal shares for the evaluated skills and the domains with a positive edge into one.',
    'normaliseByInitialLoss: Sⱼ is divided by the base loss of j. stepSizeSchedule: stepSize is divided by Σⱼ newest loss / Σⱼ base loss. The base is the first evaluation until there is a second, then the second for good. halveOffDiagonals: positive edges between skills count half after every round. syntheticFirstLoss: the window begins with an evaluation in which every skill has the mean loss of the first.',
    'A round is `evaluationsPerRound` evaluations; where the window counts rounds, the first of each counts, measured at its start as in the paper.',
  ],
  cost: 'Nothing a step; O(K·M) for M evaluation skills in each evaluation, O(K) a decision. State: window · M losses and about 8 K numbers, however long the run; the graph stays in the configuration.',
  absentDomains:
    'Steps are not read. A skill without a loss in an evaluation keeps its last one, and the decision says how many did; an evaluation counts only once every skill has had a loss. Messages of the same step that speak of different skills are one evaluation. A domain without a skill of its own gets its weight through the edges of its row.',
  differences: [
    'Window: rounds in the paper, evaluations in the code, which evaluates often in a round. `variant` says which; `windowUnit` overrides it, and `evaluationsPerRound` says what a round is. Rounds are counted in evaluations, since a proposal may be refused, or ask for the mixture that is already there.',
    'Targets: the code takes the mean over the window where targets are given and the sum otherwise; the paper always the sum. `aggregate` overrides it.',
    'Prior: in the code (without targets and out-of-domain skills) it also stands in for the first losses, A · prior; the variant `paper` takes losses of 1.',
    'Edges of exactly 1 off the diagonal count 0.5, as in the code and in the synthetic experiments of the paper; `edgeOfOne` changes that. The code makes the diagonal 1 only in its static path for a stored graph: `diagonalOfOne`. Negative edges are kept, as in the code.',
    'The code stops at an exponent of 709 (weights become NaN until the losses leave the window); here the largest exponent is taken out first.',
    'halveOffDiagonals follows the code: positive entries only; where as many columns are in use as there are domains those off the diagonal, else all; never the edge of a target to itself.',
    'isolatedNodes `uniform`: domains without edges keep 1/K each, the others divide the rest. In the code a shared array also makes the others accumulate from round to round; that is not imitated.',
    'A base loss of 0 leaves a loss as it is, and a ratio that is no number leaves the step size; the code divides by zero.',
  ],
}
