import type { TestProject } from 'vitest/node'
import { startStand, type Stand } from '../support/stand.js'

declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- vitest's own is an interface, and they must merge
  export interface ProvidedContext {
    readonly url: string
    readonly brokers: readonly string[]
  }
}

let stand: Stand | undefined

/** One server on real engines for all chapters; each tells of runs of its own. */
export async function setup(project: TestProject): Promise<void> {
  stand = await startStand()
  try {
    const server = await stand.startServer()
    project.provide('url', server.url)
    project.provide('brokers', stand.brokers)
  } catch (error) {
    await teardown()
    throw error
  }
}

export async function teardown(): Promise<void> {
  await stand?.stop()
}
