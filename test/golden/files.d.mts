export function goldenFiles(path: string): readonly string[]
/** What the specs touch of a recording; its fields are described in README.md. */
export type Golden = {
  hyperparameters: { [name: string]: unknown }
  steps: { weights: (number | null)[]; state: { reward: number[] } }[]
}
/** The parsed content of one recording. */
export function readGolden(file: string): Golden
