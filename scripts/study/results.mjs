// The file of results: what was run how, and every number of every run. The page is made from it alone.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

export async function readResults(file) {
  const text = await readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? undefined : JSON.parse(text)
}

/** At once or not at all: an interrupted study goes on from what is there. */
export async function writeResults(file, results) {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.new`, textOf(results))
  await rename(`${file}.new`, file)
}

/** JSON with a line a run, so that a difference can be read. */
function textOf({ runs, ...about }) {
  const head = JSON.stringify(about, undefined, 1).replace(/\n}$/, '')
  const lines = Object.keys(runs).map((key) => `  ${JSON.stringify(key)}: ${JSON.stringify(runs[key])}`)
  return `${head},\n "runs": {\n${lines.join(',\n')}\n }\n}\n`
}

/** What differs between a study that was begun and this one: sentences, none where it can go on. */
export function differences(begun, { size, corpus, policies }) {
  const differing = []
  if (!isDeepStrictEqual(begun.size, size)) differing.push('the size of the runs')
  if (begun.corpus.digest !== corpus.digest) differing.push('the texts')
  for (const [name, version] of Object.entries(policies))
    if ((begun.policies[name] ?? version) !== version) differing.push(`the version of ${name}`)
  return differing
}
