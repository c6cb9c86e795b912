import { setTimeout as delay } from 'node:timers/promises'

/** Looks until the condition holds; a test waits for what happens, never for a time. The last reason why not is in the error. */
export async function eventually<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  what: string,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let reason = 'it never held'
  for (;;) {
    try {
      const found = await look()
      if (found !== undefined && found !== false) return found
    } catch (error) {
      reason = String(error)
    }
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms for ${what}: ${reason}.`)
    await delay(25)
  }
}
