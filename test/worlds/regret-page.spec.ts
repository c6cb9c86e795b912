import { readFileSync } from 'node:fs'
import { policies } from '@mixdesk/policies'
import { describe, expect, it } from 'vitest'
import { findings } from '../../scripts/worlds/findings.mjs'
import { cellOf, labelOf } from '../../scripts/worlds/page.mjs'
import { baselineOf, regretOf } from '../../scripts/worlds/regret.mjs'
import { notRun, setupsOf } from '../../scripts/worlds/setups.mjs'

const page = readFileSync(new URL('../../docs/policies.md', import.meta.url), 'utf8')
const stale = 'docs/policies.md differs from the code. Run: npm run regret'
const cellsOf = (line: string) =>
  line
    .split('|')
    .map((cell) => cell.trim())
    .slice(1, -1)
const lines = page.split('\n')
const head = lines.find((line) => line.startsWith('| Policy | `plain`'))
const rowOf = (label: string) =>
  lines.slice(lines.indexOf(head!)).find((line) => line.startsWith(`| ${label} |`))

describe('the page of regrets', { timeout: 180_000 }, () => {
  it('has every policy in every way it is run, or says why not', () => {
    for (const { name } of policies) expect(page, stale).toContain(`[\`${name}\`](policies/${name}.md)`)
    const names = policies.map(({ name }) => name).filter((name) => !Object.hasOwn(notRun, name))
    for (const setup of setupsOf(names)) {
      expect(cellsOf(rowOf(labelOf(setup)) ?? ''), stale).toHaveLength(cellsOf(head!).length)
      if (setup.why !== undefined) expect(page, stale).toContain(`- ${labelOf(setup)}: ${setup.why}.`)
    }
  })

  it('has every finding as it is tested', () => {
    for (const { paper, holds, here } of findings)
      expect(page, stale).toContain(`| ${paper} | ${holds} | ${here} |`)
  })

  // All of it takes minutes; a slice says whether worlds, policies and page have moved apart.
  it.each([
    ['plain', ['uniform', 'odm', 'rnb', 'velocitune']],
    ['scarce', ['temperature']],
  ])('has the numbers that a run in %s gives for %j', (world, names) => {
    const base = baselineOf(world)
    const column = cellsOf(head!).indexOf(`\`${world}\``)
    for (const setup of setupsOf(names))
      expect(cellsOf(rowOf(labelOf(setup))!)[column], stale).toBe(cellOf(regretOf(setup, base)))
  })
})
