import { windowMean } from './chunk-window.js'
import { meanSignal } from './mean-signal.js'
import type { Policy } from '../policy.js'
import { mixerFrame, windowMixer, type MixerSettings, type WindowMixerState } from './window-mixer.js'
import { windowSettingsSchema } from './window-settings.js'

type RewardGapConfig = MixerSettings & {
  readonly signal: 'sums' | 'passCounts'
}

/**
 * The reward-gap mixer of DataFlex-RL, for comparison: softmax of how far the mean reward of a domain stays behind the
 * best one, over its last 50 sequences. Cost per step: O(K + chunks in the windows).
 */
export const rewardGap: Policy<RewardGapConfig, WindowMixerState> = {
  name: 'reward-gap',
  version: 1,
  title: 'Reward gap',
  purpose: 'Samples more from domains whose mean reward stays behind the best one; a second opinion.',
  cites: ['arXiv:2609.06107', 'github.com/haolpku/DataFlex-RL'],
  meaning: 'samplingProbability',
  output: 'weights',
  guide: {
    avoidWhen:
      'Domains have rewards of different scale, or some cannot be solved at all: those keep the largest gap for ever. In the campaign of DataFlex-RL over three seeds it came last of four (46.8, against 48.7 for a static mixture), and over twelve seeds nothing was told from uniform sampling.',
    mathematics: [
      'm_d = mean reward of the last windowSequences sequences of domain d, 0 before the first.',
      'P = softmax((max m − m_d) / τ), τ = temperature, of at least 1e-6.',
      ...mixerFrame.mathematics,
      'Signals, sums over the sequences of a batch: `rewardSum` (in the unit of the reward) and `rollouts` (a count). With signal `passCounts`: `successes` and `rollouts`, that is rewards of 0 and 1.',
      'Parts: `rewardGap` is what the windows move, `floor` what the floor adds or takes.',
    ],
    cost: 'A step costs O(K) and the chunks of the windows it touches; a decision O(K). A window holds one chunk (count and mean) for each step with other values: at most windowSequences a domain, and never more than 4,096.',
    absentDomains:
      'A domain without sequences keeps its window. One that was never seen has a mean reward of 0, so among positive rewards it has the largest gap.',
    differences: [
      mixerFrame.floorDifference,
      'DataFlex-RL tells its windows one reward a sequence. A step of several sequences enters as one chunk, its count and its mean: the same as long as no chunk is cut by the end of the window, or its values are alike.',
      'As wired and as documented are the same rule here: the trainer of DataFlex-RL hands the mean reward to every mixer, and this one asks for it.',
    ],
  },
  defaults: {
    signal: 'sums',
    ...mixerFrame.defaults,
  },
  schema: {
    type: 'object',
    properties: {
      signal: {
        description: 'What trainers report: sums of rewards over sequences, or pass counts.',
        enum: ['sums', 'passCounts'],
      },
      windowSequences: mixerFrame.windowSequences,
      temperature: {
        description: 'Divides the gaps, in the unit of the reward.',
        type: 'number',
        minimum: 0,
      },
      ...windowSettingsSchema,
    },
    additionalProperties: false,
  },
  ...windowMixer<RewardGapConfig>({
    term: 'rewardGap',
    signals: (config) => [valuesOf(config), 'rollouts'],
    windows: ({ windowSequences }) => ({ size: windowSequences, joinsEqual: true, statistic: windowMean }),
    chunkOf(config, fact, i) {
      const { rollouts } = fact.signals
      const mean = meanSignal(fact, fact.signals[valuesOf(config)], rollouts, i)
      return mean === undefined ? undefined : { count: rollouts![i]!, mean }
    },
    scores(_config, means) {
      let best = -Infinity
      for (const mean of means) if (mean > best) best = mean
      return means.map((mean) => best - mean)
    },
    summary: (config, state) =>
      `Reward gap after ${state.updates} updates: domains whose mean reward over their last ${config.windowSequences} sequences stays further behind the best gain.`,
  }),
}

function valuesOf(config: RewardGapConfig): 'successes' | 'rewardSum' {
  return config.signal === 'passCounts' ? 'successes' : 'rewardSum'
}
