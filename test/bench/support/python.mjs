import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const trainer = fileURLToPath(new URL('../../../apps/trainer/', import.meta.url))

/** The trainer's Python, with its client's librdkafka. */
export function python() {
  const path = `${trainer}.venv/bin/python`
  if (!existsSync(path))
    throw new Error('The trainer has no environment yet: run "python3 apps/trainer/scripts/bootstrap.py".')
  return path
}
