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

/** The first free of the wanted ports, else any free one. A port may be taken again before it is used: callers retry. */
export async function freePort(
  wanted: readonly number[],
  taken: ReadonlySet<number> = new Set(),
): Promise<number> {
  for (const port of wanted) {
    if (port > 0 && port < 65_536 && !taken.has(port) && (await isPortFree(port))) return port
  }
  for (;;) {
    const port = await listenOnce(0)
    if (port !== undefined && !taken.has(port)) return port
  }
}
