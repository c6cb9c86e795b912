import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { clientRules } from './client/client-rules.js'
import { rulesTable, type Rule } from './rules.js'
import { serverRules } from './server/server-rules.js'

const page = readFileSync(new URL('../../../docs/integrate.md', import.meta.url), 'utf8')
const anchors = new Set(
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  ),
)
const both: [string, readonly Rule[]][] = [
  ['client', clientRules],
  ['server', serverRules],
]

describe.each(both)('the rules for a %s', (checked, rules) => {
  it('stand in docs/integrate.md as they are checked', () => {
    const [, section = ''] = page.split(`### What a ${checked} is checked for\n\n`)
    expect(section.split(/\n\n/)[0]!.trim()).toBe(rulesTable(rules))
  })
  it('each link to a section that exists', () => {
    expect(rules.filter(({ section }) => !anchors.has(section)).map(({ id }) => id)).toEqual([])
  })
  it('have ids of their own', () => {
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length)
  })
})
