// Completes package-lock.json after `npm install`; with --check it only says what is missing.
import { readFileSync, writeFileSync } from 'node:fs'
import { fixed, lockProblems } from './lock-file.mjs'

const file = new URL('../package-lock.json', import.meta.url)
const text = readFileSync(file, 'utf8')
const lock = JSON.parse(text)

if (process.argv.includes('--check')) {
  const problems = lockProblems(lock)
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
} else {
  const after = `${JSON.stringify(fixed(lock), null, 2)}\n`
  if (after === text) console.log('package-lock.json was complete.')
  else {
    writeFileSync(file, after)
    console.log('package-lock.json is complete now.')
  }
}
