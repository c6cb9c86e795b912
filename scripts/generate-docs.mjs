// Writes docs/schemas, docs/policies, docs/asyncapi.json and docs/configuration.md from the build; with --check it only says what is stale.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describePolicy, policies } from '../libs/policies/dist/index.js'
import * as contracts from '../libs/contracts/dist/index.js'
import { settings } from '../apps/server/dist/index.js'
import { behaviourPlots } from './behaviour-plots.mjs'
import { configurationPage } from './configuration-page.mjs'
import { generatedFiles } from './contracts/schemas.mjs'
import { policyPages } from './policy-pages.mjs'

const docs = fileURLToPath(new URL('../docs/', import.meta.url))
const { version } = JSON.parse(
  await readFile(new URL('../libs/contracts/package.json', import.meta.url), 'utf8'),
)
const descriptions = policies.map(describePolicy)
const wanted = new Map([
  ...generatedFiles(contracts, version),
  ['configuration.md', configurationPage(settings)],
  ...policyPages(descriptions, behaviourPlots(descriptions)),
])

const folders = ['schemas', 'policies']
const entries = await Promise.all(
  folders.map((folder) =>
    readdir(join(docs, folder), { recursive: true, withFileTypes: true }).catch(() => []),
  ),
)
const present = entries
  .flat()
  .filter((entry) => entry.isFile())
  .map((entry) => relative(docs, join(entry.parentPath, entry.name)))
const extra = present.filter((path) => !wanted.has(path))
const stale = []
for (const [path, text] of wanted)
  if ((await readFile(join(docs, path), 'utf8').catch(() => undefined)) !== text) stale.push(path)

if (process.argv.includes('--check')) {
  const all = [...stale, ...extra].map((path) => `docs/${path}`)
  if (all.length > 0) {
    console.error(`Generated files differ from the code: ${all.join(', ')}. Run: npm run generate`)
    process.exitCode = 1
  }
} else {
  for (const path of extra) await rm(join(docs, path))
  for (const path of stale) {
    await mkdir(dirname(join(docs, path)), { recursive: true })
    await writeFile(join(docs, path), wanted.get(path))
  }
  console.log(`${stale.length} written, ${extra.length} removed, ${wanted.size - stale.length} current.`)
}
