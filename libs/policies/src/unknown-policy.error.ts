/** A composite policy was run with a part that the registry lacks: its configuration was never checked, or is older. */
export class UnknownPolicy extends Error {
  readonly code = 'UNKNOWN_POLICY'
  readonly retriable = false

  constructor(name: string) {
    super(`Expected the name of a known policy, got "${name}"; check the configuration before a run begins.`)
    this.name = 'UnknownPolicy'
  }
}
