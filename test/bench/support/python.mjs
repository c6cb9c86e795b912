import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const trainer = fileURLToPath(new URL('../../../apps/trainer/', import.meta.url))

/** The trainer's environments: the client's own, the one with PyTorch, and the one with the tools it is compared with. */
const environments = {
  client: { folder: '.venv', made: 'bootstrap.py' },
  torch: {
    folder: '.venv-torch',
    made: 'bootstrap.py --extra torch --extra adapters --venv apps/trainer/.venv-torch',
  },
  tools: { folder: '.venv-bench', made: 'bootstrap.py --extra bench --venv apps/trainer/.venv-bench' },
}

/** The trainer's Python, with its client's librdkafka. */
export function python(environment = 'client') {
  const { folder, made } = environments[environment]
  const path = join(trainer, folder, 'bin/python')
  if (!existsSync(path))
    throw new Error(`There is no ${folder} yet. Run: python3 apps/trainer/scripts/${made}`)
  return path
}

/** What a script of apps/trainer/bench prints. */
export async function printed(environment, script, ...options) {
  const { stdout } = await promisify(execFile)(python(environment), [join('bench', script), ...options], {
    cwd: trainer,
    maxBuffer: 2 ** 26,
    env: { ...process.env, PYTHONWARNINGS: 'ignore' },
  })
  return stdout
}

/** The same of a script that prints one JSON object. */
export const measured = async (...call) => JSON.parse(await printed(...call))

/**
 * What `measure` finds while a server, which makes the topics, takes in what scripts send. It is given the options by which a script
 * finds the broker.
 */
export async function besideServer(stand, measure) {
  const server = await stand.startServer()
  try {
    return await measure(['--brokers', stand.brokers.join(',')])
  } finally {
    await server.stop()
  }
}
