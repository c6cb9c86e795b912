import type { AdoConfig } from './ado-settings.js'
import type { PolicyStart } from '../policy.js'

/** What the schema cannot say: relations between settings, and of settings with the run. */
export function adoFaults(config: AdoConfig, start: PolicyStart): readonly string[] {
  return [...faults(config), ...faultsForRun(config, start)]
}

function faults(config: AdoConfig): readonly string[] {
  const { smoothingWindow, smoothingOrder, lowestExponent, highestExponent } = config
  return [
    ...(smoothingWindow % 2 === 1
      ? []
      : [`smoothingWindow: expected an odd number of rows, got ${smoothingWindow}; add or take away one.`]),
    ...(smoothingOrder < smoothingWindow
      ? []
      : [
          `smoothingOrder: expected less than smoothingWindow (${smoothingWindow}), got ${smoothingOrder}; lower it or widen the window.`,
        ]),
    ...(lowestExponent < highestExponent
      ? []
      : [
          `lowestExponent: expected less than highestExponent (${highestExponent}), got ${lowestExponent}; lower it or raise the other.`,
        ]),
  ]
}

function faultsForRun({ parameters, prior }: AdoConfig, { domains }: PolicyStart): readonly string[] {
  const problems: string[] = []
  if (parameters !== null && parameters.length !== domains.length) {
    problems.push(
      `parameters: expected three numbers for each of the ${domains.length} domains of this run, got ${parameters.length} rows; give logScale, logIrreducible and exponent, in the order of the domains.`,
    )
  }
  const missing = domains
    .filter(({ tokens }) => !(tokens !== undefined && tokens > 0))
    .map(({ name }) => name)
  if (prior === 'tokens' && missing.length > 0) {
    problems.push(
      `prior: expected tokens of every domain, but ${missing.join(', ')} declares none; declare \`tokens\` at the start of the run, or set prior to start.`,
    )
  }
  return problems
}
