import { setTimeout as delay } from 'node:timers/promises'

/**
 * Looks until the condition holds; a test waits for what happens, never for a time. The end is there for what never
 * happens, and is far: machines stall. Past it there is one more look, so that a stall of this process is no failure.
 * The last reason why not is in the error.
 */
export async function eventually<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  what: string,
  timeoutMs = 120_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let reason = 'it never held'
  for (;;) {
    const last = Date.now() > deadline
    try {
      const found = await look()
      if (found !== undefined && found !== false) return found
    } catch (error) {
      reason = String(error)
    }
    if (last) throw new Error(`Waited ${timeoutMs} ms for ${what}: ${reason}.`)
    await delay(25)
  }
}
