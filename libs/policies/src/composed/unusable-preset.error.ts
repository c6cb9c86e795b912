/** A schedule was to start with a preset that `check` refuses: nobody asked it. Checked configurations never throw this. */
export class UnusablePreset extends Error {
  readonly code = 'UNUSABLE_PRESET'
  readonly retriable = false
  readonly preset: string

  constructor(preset: string, problems: readonly string[]) {
    super(`The preset "${preset}" cannot be used in this run: ${problems.join(' ')}`)
    this.name = 'UnusablePreset'
    this.preset = preset
  }
}
