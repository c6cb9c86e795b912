import { setTimeout as sleep } from 'node:timers/promises'

/** Polls until the condition gives something truthy; gives undefined when time is up. */
export async function waitFor<T>(
  condition: () => Promise<T | false | undefined> | T | false | undefined,
  timeoutMs: number,
  intervalMs = 25,
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const result = await condition()
    if (result) return result
    if (performance.now() >= deadline) return undefined
    await sleep(intervalMs)
  }
}
