// The prose of docs/policies.md.

/** What is in each world, after its title. */
export const descriptions = {
  plain: 'web and books are soon learned, code and mathematics are not; no domain teaches another.',
  transfer: 'the same, where code teaches mathematics and web a little of everything.',
  useless: 'the same and noise, whose loss is the highest and never falls.',
  drifting:
    'the same, where code is replaced in mid-run: it gets harder, and a tenth of what was learned of it counts on.',
  scarce:
    'languages of 100, 10, 1 and 0.1 million tokens. Tokens read again are worth less, and what is remembered of them by heart raises held-out loss.',
  prompts:
    'reinforcement learning with 8 rollouts a prompt, from solved to unsolvable; a prompt teaches what its rollouts differ in, and helps its neighbours in difficulty.',
}

/** Read off the table by hand: look at it again whenever the table changes. */
export const reading = `
What to make of it:

- **Gradients know most.** \`doge\` and \`pike\` see what a step does to the target, and never lose more than a quarter, or two
  fifths, of what equal weights lose, at the price of a gradient per domain. \`rnb\` sees the same and moves less: a safe
  half of the gain.
- **Losses alone mislead as soon as a high loss is not something to learn.** \`odm\`, \`warm-up\` and \`blend\` around it, and
  \`skill-it\` without a graph are good in \`plain\` and \`drifting\`, and far worse than equal weights in \`useless\`. The remedy
  is a reference: \`filtered\` (ODM on excess losses) is never misled, though it gains less. \`ado\` needs none, since noise has no
  learning speed. \`loss-reweighting\` of sequences is as good as ODM where high losses can be learned; noise takes all it gains.
- **Targets help where they can be had.** \`velocitune\` compares shares of the way, and is better than equal weights everywhere;
  \`dynamic-batch-loading\` compares distances, and overshoots where one domain has a long way to go (\`plain\`).
- **\`doremi\` does not help in \`plain\`, \`transfer\` or \`scarce\`.** Its proxy is as large as its reference and comes back to the
  mixture the reference was trained on. It drops what has no excess: noise in \`useless\`, the solved and the unsolvable in \`prompts\`.
- **What is left to learn is a good guide, what fails a fair one.** \`cluster-resampling\` is told the loss above its floor, and
  does well where that can be reached; \`failure-profile\` counts failures, also of what cannot be learned. \`equitable\` estimates
  curves and comes near the best fixed mixture as long as they hold: not in \`drifting\`, nor where data are read again.
- **\`grape\` is made for tasks that have not begun to improve** (\`prompts\`); where slow tasks are those near their floor it serves
  them at the cost of all others. Its step sizes are not published and were not tuned here.
- **Small domains: flatten, but not without end.** In \`scarce\` proportional sampling is the worst there is, a constant temperature
  of 5 is good, and Cooldown is no better on average, though it keeps the large domain nearly whole. What pours data into the
  smallest domain because its loss is high (\`skill-it\`, \`cluster-resampling\`) reads it to death.
- **Curricula are worth most in \`prompts\`**: \`difficulty-filter\`, \`dump\` and \`grape\` do better than any fixed mixture, and so
  does \`dynamic-batch-loading\`, whose targets lead it along. \`sec\` and \`cures\` are mild at their default temperatures. The
  filter pays with prompts that it generates and turns away, more than three times the rollouts of the others, which the
  table does not count.
- **No help here:** \`reward-gap\` (2 %, for all its trouble) and \`loss-slope\`, as their own source found;
  \`loss-reweighting\` by domain, \`most-underserved\` where nothing drifts, and upsampling two domains at the end because
  they are small. \`aioli\` is right about who helps, and moves too little in ten rounds to matter.
- **\`static\` is equal weights here** because it was told nothing better; told the best mixture, it reaches it.
`

export const flatters = `
- Power laws without noise in what is learned: a policy sees within a few steps what would take thousands on real data. Batches are
  of one size, learning rates do nothing, and nothing diverges.
- Inner products of gradients are what the world says a step does, with 10 % noise: real ones are poorer predictors. That is why
  \`doge\`, \`pike\` and \`rnb\` look as good as they do.
- Reward gaps are the loss above the floor of the world, which no reward model knows: that is why \`cluster-resampling\` does so well.
- Rollouts teach by the size of the gradient of a logistic model, which is the theory that \`dump\`, \`sec\`, \`cures\`, \`knapsack\` and
  \`difficulty-filter\` build on: in \`prompts\` they are at home.
- A score of 0 means the best *fixed* mixture of a world of four to six domains. Nothing is said of hundreds of domains, nor of
  downstream tasks.
- Intervals are over seeds of one world, not over worlds: they say how sure the number is, not how far it reaches.
`
