import type { TestProject } from 'vitest/node'
import { startStand } from '../support/stand.js'

declare module 'vitest' {
  export type ProvidedContext = { readonly url: string; readonly brokers: readonly string[] }
}

/** One server on real engines for all chapters; each tells of runs of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stand = await startStand()
  try {
    const server = await stand.startServer()
    project.provide('url', server.url)
    project.provide('brokers', stand.brokers)
  } catch (error) {
    await stand.stop()
    throw error
  }
  return () => stand.stop()
}
