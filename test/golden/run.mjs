#!/usr/bin/env node
/**
 * Compares recordings of published implementations with our policies: `npm run golden -- [file or folder …]`.
 * Without arguments: the recordings beside this file. Needs a build. One line a file, then the count; exits with 1 when
 * one fell short, and with 2 when there was no file to read.
 */
import { fileURLToPath } from 'node:url'
import { compareGolden } from './compare.mjs'
import { goldenFiles, readGolden } from './files.mjs'

const paths = process.argv.slice(2)
if (paths.length === 0) paths.push(...['mixing', 'policy'].map((folder) => fileURLToPath(new URL(folder, import.meta.url))))

const counts = { matched: 0, 'fell short': 0, 'not covered': 0 }
const files = paths.flatMap(goldenFiles)
for (const file of files) {
  const result = judge(file)
  counts[result.verdict]++
  console.log(`${result.verdict.padEnd(11)} ${file}${describe(result)}`)
}
console.log(`${counts.matched} matched, ${counts['fell short']} fell short, ${counts['not covered']} not covered`)
process.exitCode = counts['fell short'] > 0 ? 1 : files.length > 0 ? 0 : 2

/** A file that cannot even be driven fell short; it must not hide the others. */
function judge(file) {
  try {
    return compareGolden(readGolden(file))
  } catch (error) {
    return { verdict: 'fell short', why: `it could not be driven: ${error.message}` }
  }
}

function describe({ why, steps, skipped, worst, tolerance, resumed }) {
  const parts = []
  if (steps !== undefined) {
    parts.push(`${steps} steps, largest error ${worst.toExponential(1)}, tolerance ${tolerance}`)
    if (skipped > 0) parts.push(`${skipped} steps skipped, where the published code is NaN`)
  }
  if (resumed) parts.push(`from stored states ${resumed.worst.toExponential(1)}, tolerance ${resumed.tolerance}`)
  if (why) parts.push(why)
  return parts.length === 0 ? '' : `: ${parts.join('; ')}`
}
