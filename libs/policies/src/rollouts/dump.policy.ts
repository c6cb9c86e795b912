import { windowMean } from './chunk-window.js'
import { emptyWindows, watch, type Chunk, type DomainWindows, type WindowsRule } from './domain-windows.js'
import {
  dumpDefaults,
  dumpSchema,
  floorBy,
  isWired,
  signals,
  temperature,
  windowSize,
  type DumpConfig,
} from './dump-settings.js'
import { floorWeights } from './floor-weights.js'
import { meanAbsoluteAdvantage } from './mean-absolute-advantage.js'
import { meanSignal } from './mean-signal.js'
import type { EvaluationFact, Policy, StepFact } from '../policy.js'
import { propose } from '../propose.js'
import { softmaxAt } from '../numerics/softmax-at.js'
import { floorOf, floorProblems, isDue, notYet, usualFloor } from './window-settings.js'

type DumpState = DomainWindows & {
  /** At the last update: the exploration bonus of every domain, the score it is part of, and what softmax makes of that. */
  readonly bonus: readonly number[]
  readonly score: readonly number[]
  readonly share: readonly number[]
  readonly updates: number
  /** Where the parts of the next explanation start. */
  readonly base: {
    readonly share: readonly number[]
    readonly bonus: readonly number[]
    readonly floor: readonly number[]
  }
  /** Names of the evaluation scores that count as a rollout of each domain, in the order of the domains. */
  readonly scoreNames: readonly (string | null)[]
}

/**
 * DUMP (arXiv 2504.09710): domains of reinforcement learning as arms of a bandit. Score = mean |advantage| of the last 300
 * rollouts + c·√(2 ln(n + 1) / (n_d + 1)), weights = softmax(score / 0.1). Cost per step: O(K + chunks in the windows).
 */
export const dump: Policy<DumpConfig, DumpState> = {
  name: 'dump',
  version: 1,
  title: 'DUMP',
  purpose:
    'Samples prompts from domains where rollouts differ in reward, as a bandit on the size of advantages.',
  cites: ['arXiv:2504.09710', 'github.com/ZhentingWang/DUMP', 'github.com/haolpku/DataFlex-RL'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'The run is no reinforcement learning with groups of rollouts, or a listed domain cannot be served: a domain that never reports takes practically all weight within some hundred rollouts of the others. Twelve matched seeds of DataFlex-RL (arXiv 2609.06107) found no gain over uniform sampling that its interval could tell from zero; run a uniform twin beside it.',
    mathematics: [
      'L_d = mean of |A| over the last k rollouts of domain d (k = windowRollouts), 0 before the first.',
      'n_d = rollouts of domain d so far, n = max(1, Σ n_d); they are never cut.',
      'U_d = L_d + c·√(2·ln(n + 1) / (n_d + 1)), c = explorationWeight.',
      'P = softmax(U / τ), τ = temperature; at τ = 0 the best share evenly. Then the floor, where there is one.',
      'Signals, sums over the rollouts of a batch: `absAdvantageSum` (Σ |A|, no unit) and `rollouts` (a count).',
      'From pass counts: a prompt with p = successes / rollouts has mean |A| = 2p(1 − p) / (deviation + 1e-6). `absoluteAdvantageSum` of this library sums that over prompts into `absAdvantageSum`, which is exact.',
      'With signal `passCounts` the policy reads `successes` and `rollouts` instead. That is exact where a step holds one prompt of a domain, and an upper bound where it holds several: prompts with p = 0 and p = 1 in equal parts have no advantage, yet 0.5 on average.',
      'Parts: `learnability` is what the window means move at the bonus there was, `exploration` what the bonus moves after that, `floor` what the floor adds or takes.',
    ],
    cost: 'A step costs O(K) and the chunks of the windows it touches; a decision O(K). A window holds one chunk (count and mean) for each step with other values, so at most windowRollouts chunks a domain and never more than 4,096; with prompts of 16 rollouts, a few dozen numbers a domain and some 10 µs a step at 24 domains. One rollout a step in every domain is the worst case: 300 chunks each, some 50 µs.',
    absentDomains:
      'A domain without rollouts keeps its window and its count; its score still grows slowly with the rollouts of the others. A count of 0 or a number that is not finite is absence. A domain that never reported has L = 0 and the largest bonus.',
    differences: [
      'Variant `paper`: the paper and the official code, which agree on every weight: window 300, temperature 0.1, no floor.',
      'Variant `dataflex`: the mixer of DataFlex-RL as documented: window 50, temperature 1, floor 0.05 by clamping and dividing. It is fed per sequence, and its example looks every 5 steps from step 5 on (`warmupSteps`, `updateEvery`).',
      'Variant `dataflex-as-wired`: what the trainer of DataFlex-RL hands to that mixer, the mean reward and no counts, so that the bonus is 0 and the rule is softmax(mean reward / τ). It reads `rewardSum` (or `successes`) and `rollouts`.',
      'A step of several rollouts enters a window as one chunk: its count and its mean. That equals the window of the paper as long as no chunk is cut, and where the rollouts of a chunk are alike; a chunk of k or more replaces the window. Rollouts told one by one give the window of the paper exactly.',
      'The official code also takes one number a domain from every validation pass, a mean reward, for one more rollout. `validationScores` does that with scores of evaluations; the paper has no such thing and it is off by default.',
      'The official code counts rollouts in the bonus; `bonusCounts: prompts` counts prompts (signal `prompts`), for trainers whose rollouts a prompt vary.',
      'A rollout whose advantage is not a number leaves no trace here; in the official code it makes all weights NaN until it has left the window.',
    ],
  },
  signals,
  evaluations: ({ validationScores }) =>
    validationScores === null ? {} : { scores: [...new Set(Object.values(validationScores))] },
  defaults: dumpDefaults,
  schema: dumpSchema,
  check(config, start) {
    const known = new Set(start.domains.map((domain) => domain.name))
    const unknown = Object.keys(config.validationScores ?? {}).filter((name) => !known.has(name))
    return [
      ...floorProblems({ floor: config.floor, floorBy: floorBy(config) }, start),
      ...(unknown.length === 0
        ? []
        : [
            `validationScores: expected names of domains, got ${unknown.join(', ')}, which this run does not have; correct or remove it.`,
          ]),
    ]
  },
  initialState(config, { domains, weights }) {
    const windows = emptyWindows(domains.length)
    const bonus = bonuses(config, windows.seen)
    const names = config.validationScores ?? {}
    return {
      ...windows,
      bonus,
      score: bonus,
      share: weights,
      updates: 0,
      base: { share: weights, bonus, floor: weights.map(() => 0) },
      scoreNames: domains.map(({ name }) => (Object.hasOwn(names, name) ? names[name]! : null)),
    }
  },
  evolve(config, state, fact) {
    if (fact.kind === 'mixture') {
      const { share, bonus } = state
      return state.updates === 0
        ? state
        : { ...state, base: { share, bonus, floor: floorPart(config, share) } }
    }
    if (fact.kind === 'advice') return state
    const validates = fact.kind === 'evaluation'
    const chunkOf = (i: number) => (validates ? validated(state, fact, i) : reported(config, fact, i))
    const changed = watch(state, windowsRule(config), chunkOf)
    if (validates ? changed === undefined : !isDue(config, fact.step)) {
      return changed === undefined ? state : { ...state, ...changed }
    }
    const { windows, seen, statistic } = changed ?? state
    if (windows.every((window) => window.length === 0)) return state
    const bonus = bonuses(config, seen)
    const score = statistic.map((mean, i) => mean + bonus[i]!)
    const share = softmaxAt(score, temperature(config))
    return { ...state, ...changed, bonus, score, share, updates: state.updates + 1 }
  },
  decide(config, state, current) {
    if (state.updates === 0) return { kind: 'hold', because: notYet(config, signals(config)) }
    const { share, score, bonus, base } = state
    const floor = floorPart(config, share)
    const learned = softmaxAt(
      score.map((one, i) => one - bonus[i]! + base.bonus[i]!),
      temperature(config),
    )
    const what = isWired(config) ? 'mean reward' : 'mean |advantage|'
    return propose(
      {
        weights: share.map((one, i) => one + floor[i]!),
        summary: `DUMP (${config.variant}) after ${state.updates} updates: domains with a larger ${what} over their last ${windowSize(config)} rollouts${isWired(config) ? '' : ', or with fewer rollouts so far,'} gain.`,
        parts: {
          learnability: learned.map((one, i) => one - base.share[i]!),
          exploration: share.map((one, i) => one - learned[i]!),
          floor: floor.map((one, i) => one - base.floor[i]!),
        },
        unchanged: 'The advantages so far ask for the mixture that is already in force.',
      },
      current,
    )
  },
}

/** What the floor adds to every share, or takes. */
function floorPart(config: DumpConfig, share: readonly number[]): readonly number[] {
  const usual = config.variant === 'paper' ? 0 : usualFloor
  const by = floorBy(config)
  const floored = floorWeights(share, floorOf({ floor: config.floor, floorBy: by }, usual, share.length), by)
  return floored.map((weight, i) => weight - share[i]!)
}

function windowsRule(config: DumpConfig): WindowsRule {
  return { size: windowSize(config), joinsEqual: true, statistic: windowMean }
}

/** c·√(2·ln(n + 1) / (n_d + 1)) for every domain. */
function bonuses(config: DumpConfig, seen: readonly number[]): readonly number[] {
  if (isWired(config)) return seen.map(() => 0)
  let all = 0
  for (const count of seen) all += count
  const grown = 2 * Math.log1p(Math.max(1, all))
  return seen.map((count) => Math.min(config.explorationWeight * Math.sqrt(grown / (count + 1)), 1e300))
}

/** The rollouts of a domain in a step, as one chunk. */
function reported(config: DumpConfig, fact: StepFact, i: number): Chunk | undefined {
  const { rollouts, prompts } = fact.signals
  const mean = meanOf(config, fact, i)
  if (mean === undefined) return undefined
  const counted = config.bonusCounts === 'prompts' ? Math.max(prompts?.[i] ?? 0, 0) : rollouts![i]!
  return { count: rollouts![i]!, mean, counted }
}

function meanOf(config: DumpConfig, fact: StepFact, i: number): number | undefined {
  const { absAdvantageSum, rewardSum, successes, rollouts } = fact.signals
  if (config.signal === 'passCounts') {
    const rate = meanSignal(fact, successes, rollouts, i)
    if (rate === undefined || isWired(config)) return rate
    const { deviation, deviationEpsilon: epsilon } = config
    return meanAbsoluteAdvantage(successes![i]!, rollouts![i]!, { deviation, epsilon })
  }
  const mean = meanSignal(fact, isWired(config) ? rewardSum : absAdvantageSum, rollouts, i)
  return mean === undefined || config.variant !== 'paper' ? mean : Math.abs(mean)
}

/** A score of an evaluation, as the advantage of one rollout. */
function validated(state: DumpState, fact: EvaluationFact, i: number): Chunk | undefined {
  const name = state.scoreNames[i]
  if (name === undefined || name === null) return undefined
  const score = fact.scores[name]
  if (score === undefined || !Number.isFinite(score)) return undefined
  return { count: 1, mean: Math.min(Math.abs(score), 1e300) }
}
