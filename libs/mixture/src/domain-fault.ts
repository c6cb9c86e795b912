import type { LossesMeasured } from '@mixdesk/contracts'

/** What is wrong with a report's domains for a run of so many, in a sentence; undefined when they fit. The same answer for desk, history and HTTP. */
export function lossDomainsFault(
  { domains, tokens }: Pick<LossesMeasured, 'domains' | 'tokens'>,
  domainCount: number,
): string | undefined {
  if (domains === undefined && tokens.length !== domainCount)
    return `losses.measured: ${tokens.length} domains came, the run has ${domainCount}. The list is fixed at the start; name fewer ones by index in \`domains\`.`
  return unknownDomainFault('losses.measured', domains, domainCount)
}

/** The first index that names no domain of the run, in a sentence; undefined when all do. */
export function unknownDomainFault(
  name: string,
  domains: readonly number[] | undefined,
  domainCount: number,
): string | undefined {
  if (domains === undefined) return undefined
  for (const index of domains)
    if (index >= domainCount)
      return `${name}: there is no domain with index ${index}; the run has ${domainCount}, counted from 0.`
  return undefined
}
