/** Reads the recordings of `iterative-selection`: one step a round, with every scored item in it. */
export const driver = {
  golden: 'iterative-selection',
  settings: ['clusters', 'items', 'rounds', 'portion'],
  configure({ clusters, items, rounds, portion }, { domains }) {
    if (clusters !== undefined && clusters !== domains.length) return { notCovered: `clusters ${clusters} in ${domains.length} domains` }
    return {
      policy: 'cluster-resampling',
      config: {
        variant: 'official',
        ...(items === undefined ? {} : { items }),
        ...(rounds === undefined ? {} : { rounds }),
        ...(portion === undefined ? {} : { portion }),
      },
    }
  },
  facts({ step, observation }, current) {
    const { cluster, rewardGold, rewardOwn } = observation
    const scored = current.map(() => 0)
    const rewardGapSum = current.map(() => 0)
    cluster.forEach((domain, item) => {
      // An item without a reward does not count in the mean.
      if (!Number.isFinite(rewardGold[item]) || !Number.isFinite(rewardOwn[item])) return
      scored[domain]++
      rewardGapSum[domain] += rewardGold[item] - rewardOwn[item]
    })
    const present = scored.map((count) => count > 0)
    return [
      {
        kind: 'step',
        step,
        present,
        tokens: scored,
        lossSum: scored.map(() => 0),
        sequences: scored,
        signals: { rewardGapSum, scored },
        inForce: current,
      },
    ]
  },
  /** What was drawn came from a generator; how many are drawn is part of the rule. */
  recorded: (_state, _config, proposal) => (proposal?.controls === undefined ? {} : { draws: proposal.controls.draws }),
  nullable: [],
  // Every round starts from its own scores.
  recovers: true,
}
