import type { Report } from '@mixdesk/conformance'

export const broken = ({ results }: Report) =>
  results.filter(({ outcome }) => outcome === 'broken').map(({ rule }) => rule)
export const untried = ({ results }: Report) =>
  results.filter(({ outcome }) => outcome === 'untried').map(({ rule }) => rule)
/** What was found, a line each. */
export const told = ({ results }: Report) =>
  results.flatMap(({ findings }) =>
    findings.map(({ rule, where, expected, got }) => `${rule} ${where}: ${expected}; ${got}`),
  )
/** Longer than any machine stalls. Nothing waits that long but where something is wrong. */
export const patienceMs = 60_000
