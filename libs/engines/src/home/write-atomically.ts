import { open, rename, rm } from 'node:fs/promises'

/** Whole or not at all, also when the machine goes down: write beside, flush, rename. By default for the owner only. */
export async function writeAtomically(path: string, text: string, mode = 0o600): Promise<void> {
  const draft = `${path}.${process.pid}.draft`
  try {
    const file = await open(draft, 'w', mode)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
