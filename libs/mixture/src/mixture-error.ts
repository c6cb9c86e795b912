/** A broken promise of whoever calls this lib; never something a trainer can cause. */
export class MixtureError extends Error {
  readonly code: 'policyUnknown' | 'policyVersionChanged' | 'learningMissing' | 'learningUnfit' | 'notSavable'
  readonly run: string
  readonly retriable = false

  constructor(code: MixtureError['code'], run: string, message: string) {
    super(message)
    this.name = 'MixtureError'
    this.code = code
    this.run = run
  }
}
