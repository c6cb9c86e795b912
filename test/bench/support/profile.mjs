// Where a process spent its time: the functions with the most time of their own in a CPU profile.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const idle = new Set(['(idle)', '(root)', '(program)'])

export function topFunctions(folder, count = 15) {
  const own = new Map()
  let busy = 0
  let all = 0
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))) {
    const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
    for (let i = 0; i < samples.length; i++) {
      const name = names.get(samples[i])
      all += timeDeltas[i]
      if (idle.has(name)) continue
      busy += timeDeltas[i]
      own.set(name, (own.get(name) ?? 0) + timeDeltas[i])
    }
  }
  const functions = [...own]
    .sort((a, b) => b[1] - a[1])
    .slice(0, count)
    .map(([name, micros]) => ({ name, share: micros / busy }))
  return { busyShare: busy / all, busySeconds: busy / 1e6, functions }
}

function nameOf({ functionName, url, lineNumber }) {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const path = url.replace(/^file:\/\//, '')
  const where = path.includes('/node_modules/')
    ? path.slice(path.lastIndexOf('/node_modules/') + '/node_modules/'.length)
    : path.replace(/^.*?\/((?:libs|apps|test)\/)/, '$1')
  return `${name} ${where}:${lineNumber + 1}`
}
