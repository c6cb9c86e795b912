import { windowMean, windowSlope } from './chunk-window.js'
import type { Chunk } from './domain-windows.js'
import { meanSignal } from './mean-signal.js'
import type { Policy, StepFact } from '../policy.js'
import { mixerFrame, windowMixer, type MixerSettings, type WindowMixerState } from './window-mixer.js'
import { windowSettingsSchema } from './window-settings.js'

type LossSlopeConfig = MixerSettings & {
  readonly variant: 'documented' | 'as-wired'
  readonly signal: 'loss' | 'rewards' | 'passCounts'
  readonly signed: boolean
}

/**
 * The slope mixer of DataFlex-RL after Teacher-Student Curriculum Learning, for comparison: softmax of how fast the loss
 * or the reward of a domain changes over its last 50 sequences. Cost per step: O(K + chunks in the windows).
 */
export const lossSlope: Policy<LossSlopeConfig, WindowMixerState> = {
  name: 'loss-slope',
  version: 1,
  title: 'Loss slope',
  purpose: 'Samples more from domains whose loss or reward is changing; a second opinion.',
  cites: ['arXiv:1707.00183', 'arXiv:2609.06107', 'github.com/haolpku/DataFlex-RL'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'A batch holds as many sequences of a domain as the window or more: one report fills it then, and one report has no slope. Noise has a slope too: where the values scatter more than they move over the window, the weights follow chance. DataFlex-RL found 49.0 for it, against 48.7 for a static mixture, over three seeds, and over twelve nothing told from uniform sampling.',
    mathematics: [
      'Over the last windowSequences sequences of domain d, told as chunks of m_c sequences with mean v_c whose places in the window have the middle x_c: slope_d = Σ m_c (x_c − x̄)(v_c − v̄) / Σ m_c (x_c − x̄)², per sequence; 0 for fewer than two chunks.',
      'With chunks of one sequence that is the ordinary least-squares slope of the values on their place, as in DataFlex-RL.',
      'P = softmax(s_d / τ) with s = |slope|, and with `signed` only progress: max(slope, 0) for rewards, max(−slope, 0) for losses. τ = temperature, of at least 1e-6.',
      ...mixerFrame.mathematics,
      'Signals: with `loss` none beyond tokens, losses (nats a token) and sequences, a report without sequences counting as one; with `rewards` the sums `rewardSum` (in the unit of the reward) and `rollouts` (a count); with `passCounts` the counts `successes` and `rollouts`.',
      'Parts: `slope` is what the windows move, `floor` what the floor adds or takes.',
    ],
    cost: 'A step costs O(K) and the chunks of the windows it touches; a decision O(K). A window holds one chunk (count and mean) for each report: at most windowSequences a domain, and never more than 4,096.',
    absentDomains:
      'A domain without sequences keeps its window and so its slope. One that was never seen has the slope 0.',
    differences: [
      'Variant `documented`: the slope, as DataFlex-RL describes it. Variant `as-wired`: what its trainer hands to this mixer, the mean of the window instead of the slope, so that the score is |mean|, or max(mean, 0) when signed.',
      'DataFlex-RL takes rewards of sequences (`signal: rewards`); losses are our addition for runs that are no reinforcement learning. In nats a token and per sequence slopes are tiny: a temperature of 1 then means nearly uniform, and 1e-4 is nearer to the size of a slope.',
      'Chunks of several sequences: the line goes through their means, weighted by counts. On values that lie on a line that is the slope of the line; the scatter inside a chunk does not take part, in contrast to values told one by one.',
      mixerFrame.floorDifference,
    ],
  },
  defaults: {
    variant: 'documented',
    signal: 'loss',
    signed: false,
    ...mixerFrame.defaults,
  },
  schema: {
    type: 'object',
    properties: {
      variant: {
        description: 'The slope, or the mean that the trainer of DataFlex-RL really hands over.',
        enum: ['documented', 'as-wired'],
      },
      signal: {
        description: 'Whose slope: mean loss, nats a token; mean reward; or share of successes.',
        enum: ['loss', 'rewards', 'passCounts'],
      },
      signed: {
        description: 'Whether only progress counts: rising rewards, falling losses.',
        type: 'boolean',
      },
      windowSequences: mixerFrame.windowSequences,
      temperature: {
        description: 'Divides the slopes, in nats a token (or units of the reward) per sequence.',
        type: 'number',
        minimum: 0,
      },
      ...windowSettingsSchema,
    },
    additionalProperties: false,
  },
  ...windowMixer<LossSlopeConfig>({
    term: 'slope',
    signals: ({ signal }) =>
      signal === 'loss' ? [] : [signal === 'passCounts' ? 'successes' : 'rewardSum', 'rollouts'],
    windows: ({ windowSequences, variant }) => ({
      size: windowSequences,
      joinsEqual: false,
      statistic: variant === 'as-wired' ? windowMean : windowSlope,
    }),
    chunkOf,
    scores(config, statistic) {
      if (!config.signed) return statistic.map(Math.abs)
      const progress = config.signal === 'loss' && config.variant === 'documented' ? -1 : 1
      return statistic.map((one) => Math.max(progress * one, 0))
    },
    summary: (config, state) =>
      `Loss slope (${config.variant}) after ${state.updates} updates: domains whose ${config.signal === 'loss' ? 'loss' : 'reward'} ${config.variant === 'as-wired' ? 'is further from 0' : config.signed ? 'improves faster' : 'changes faster'} over their last ${config.windowSequences} sequences gain.`,
  }),
}

function chunkOf({ signal }: LossSlopeConfig, fact: StepFact, i: number): Chunk | undefined {
  if (signal === 'loss') {
    const mean = meanSignal(fact, fact.lossSum, fact.tokens, i)
    const count = fact.sequences === undefined ? 1 : fact.sequences[i]!
    return mean === undefined || !(count > 0) ? undefined : { count, mean }
  }
  const { rewardSum, successes, rollouts } = fact.signals
  const mean = meanSignal(fact, signal === 'passCounts' ? successes : rewardSum, rollouts, i)
  return mean === undefined ? undefined : { count: rollouts![i]!, mean }
}
