#!/usr/bin/env node
// CommonJS on purpose: chDB needs more threads than Node's default, and their number is fixed when the first one starts.
// Loading an ES module starts one, so an entry that were a module itself would come too late to say how many.
process.env.UV_THREADPOOL_SIZE ??= '16'

const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

const main = join(__dirname, '..', 'dist', 'main.js')
if (!existsSync(main)) {
  console.error('mixdesk is not built yet: run "npm ci && npm run build" at the root of the repository.')
  process.exit(1)
}
import(pathToFileURL(main).href).catch((error) => {
  console.error(
    `mixdesk could not be loaded (${error.message}): run "npm ci && npm run build" at the root of the repository.`,
  )
  process.exit(1)
})
