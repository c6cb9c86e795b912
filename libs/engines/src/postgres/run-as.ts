import { chmod, chown, lstat, readdir } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'

import { runCommand } from '../process/run-command.js'

/** How to run PostgreSQL's programs: what to put before the command, and whose processes they shall be. */
export type RunAs = { prefix: string[]; uid?: number; gid?: number }

const nobody = 65534

/**
 * PostgreSQL refuses to run as root. A user namespace in which root looks like nobody satisfies it without
 * changing an owner or a user; where namespaces are forbidden the process runs as nobody, on a folder that is nobody's.
 */
export async function runAs(home: string, folder: string): Promise<RunAs> {
  const root = process.getuid?.() === 0
  if (!root && hasName()) return { prefix: [] }
  const prefix = ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`, '--']
  const works = await runCommand([...prefix, 'true'], { timeoutMs: 10_000 }).then(
    (result) => result.ok,
    () => false,
  )
  if (works && root) await giveTo(folder, 0)
  if (works) return { prefix }
  if (!root) return { prefix: [] }
  await giveTo(folder, nobody)
  await chmod(home, 0o711) // to pass through, not to look
  return { prefix: [], uid: nobody, gid: nobody }
}

/** PostgreSQL also refuses a user id without a name, which is what `docker run --user 1234` gives. */
function hasName(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

/** Only when the owner is another: a later start may find namespaces allowed again, or forbidden. */
async function giveTo(path: string, owner: number): Promise<void> {
  const entry = await lstat(path)
  if (entry.uid === owner) return
  await chown(path, owner, owner)
  if (!entry.isDirectory()) return
  for (const name of await readdir(path)) await giveTo(join(path, name), owner)
}
