import { pathToFileURL } from 'node:url'
import { resolve } from 'node:path'
import { plugIn, type AnyPolicy } from '@mixdesk/policies'
import { ConfigError } from '../config.js'

/**
 * Loads policies from outside, by the paths of their modules: whatever a module exports that looks like a policy is tried
 * out and plugged in. Paths come from the person who starts the process, never from the wire. Every fault of every module
 * is told at once.
 */
export async function loadPolicies(paths: readonly string[]): Promise<readonly AnyPolicy[]> {
  const loaded: AnyPolicy[] = []
  const faults: string[] = []
  for (const path of paths) {
    const found = await exportsOf(path)
    if (typeof found === 'string') faults.push(found)
    else if (found.length === 0)
      faults.push(`${path}: expected a module that exports a policy, found none; see docs/write-a-policy.md.`)
    else
      for (const policy of found) {
        const problems = plugIn(policy)
        faults.push(...problems.map((problem) => `${path}: ${policy.name}: ${problem}`))
        if (problems.length === 0) loaded.push(policy)
      }
  }
  if (faults.length > 0)
    throw new ConfigError(
      `MIXDESK_POLICIES names policies that cannot be used:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    )
  return loaded
}

/** The policies that a module exports, or why it cannot be read, in a sentence. */
async function exportsOf(path: string): Promise<readonly AnyPolicy[] | string> {
  try {
    const module = (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>
    return Object.values(module).filter(looksLikePolicy)
  } catch (error) {
    return `${path}: the module could not be loaded (${String(error)}); give the path of a JavaScript module.`
  }
}

const looksLikePolicy = (value: unknown): value is AnyPolicy =>
  typeof value === 'object' && value !== null && 'evolve' in value && 'decide' in value
