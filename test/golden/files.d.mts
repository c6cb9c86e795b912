export function goldenFiles(path: string): readonly string[]
/** The parsed content of one recording; its fields are described in README.md. */
export function readGolden(file: string): Record<string, any>
