import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

export const loopback = '127.0.0.1'

async function listenOnce(port: number): Promise<number | undefined> {
  const server = createServer()
  try {
    server.listen({ host: loopback, port, exclusive: true })
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : undefined
  } catch {
    return undefined
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

export async function isPortFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== undefined
}

/**
 * Below the ranges from which Linux, macOS and Windows take the near ends of connections: an engine that is started again
 * should find its port as it left it.
 */
const quiet = { from: 20_000, to: 32_000 }

/** The first free of the wanted ports, else any free one. A port may be taken again before it is used: callers retry. */
export async function freePort(
  wanted: readonly number[],
  taken: ReadonlySet<number> = new Set(),
): Promise<number> {
  for (const port of wanted) {
    if (port > 0 && port < 65_536 && !taken.has(port) && (await isPortFree(port))) return port
  }
  for (let tries = 0; ; tries++) {
    const port = await listenOnce(tries < 50 ? randomInt(quiet.from, quiet.to) : 0)
    if (port !== undefined && !taken.has(port)) return port
  }
}
