// Runs every policy in every world with a known answer and writes docs/policies.md: some two minutes.
// Usage: npm run regret [-- --page FILE]
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { policies } from '@mixdesk/policies'
import { worlds } from '@mixdesk/simulation'
import { regretPage } from './worlds/page.mjs'
import { baselineOf, regretOf } from './worlds/regret.mjs'
import { notRun, setupsOf } from './worlds/setups.mjs'

const { values: options } = parseArgs({ options: { page: { type: 'string' } } })
const file = options.page ?? fileURLToPath(new URL('../docs/policies.md', import.meta.url))

const bases = Object.keys(worlds).map(baselineOf)
const names = policies.map(({ name }) => name).filter((name) => !Object.hasOwn(notRun, name))
const rows = setupsOf(names).map((setup) => {
  const cells = bases.map((base) => regretOf(setup, base))
  console.error(setup.label.padEnd(36), ...cells.map((cell) => (cell?.regret.toFixed(0) ?? '·').padStart(6)))
  return { setup, cells }
})
const absent = Object.entries(notRun).map(
  ([name, because]) => `[\`${name}\`](policies/${name}.md), ${because}`,
)
await writeFile(file, regretPage({ bases, rows, notRun: absent.join('; '), node: process.versions.node }))
