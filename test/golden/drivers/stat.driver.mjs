/** A report of failures as a step; a domain without a number is absent. */
function report(step, failures, current) {
  const present = failures.map(Number.isFinite)
  const counts = failures.map((count, i) => (present[i] ? count : 0))
  const nothing = current.map(() => 0)
  const signals = { failures: counts }
  return { kind: 'step', step, present, tokens: nothing, lossSum: nothing, signals, inForce: current }
}

/** Reads the recordings of `stat`: sampling in proportion to failures by skill. */
export const driver = {
  golden: 'stat',
  settings: ['laplace', 'uniformShare'],
  configure: ({ laplace, uniformShare }) => ({
    policy: 'failure-profile',
    config: { laplace: laplace ?? 0, uniformShare: uniformShare ?? 0 },
  }),
  facts({ step, observation }, current, golden) {
    const before = golden.initial?.failures ?? []
    const isFirst = step === golden.steps[0].step && before.some((count) => count > 0)
    return [
      ...(isFirst ? [report(step, before, current)] : []),
      report(step, golden.domains.map((name) => observation.failures?.[name]), current),
    ]
  },
  recorded: ({ failures }) => ({ failures }),
  nullable: [],
  // Counts are kept; only a profile without a failure is 0/0.
  recovers: true,
}
