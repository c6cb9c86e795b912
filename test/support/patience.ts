import { vi } from 'vitest'

/**
 * For files that start processes and wait for engines: their tests and hooks end long after every wait inside them
 * would have, so that what fails is the wait, which says what it waited for. Call it before any test is declared.
 */
export function bePatient(testTimeout: number): void {
  vi.setConfig({ testTimeout, hookTimeout: 300_000 })
}
