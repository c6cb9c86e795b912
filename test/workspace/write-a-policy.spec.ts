import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

// It starts programs, which take their time where the machine has other things to do.
vi.setConfig({ testTimeout: 180_000 })

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)
let folder: string
let blocks: readonly string[]

/** What a reader of the page would do: save its files in a folder of their own, beside an installed Mixdesk. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mixdesk-policy-'))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  const page = await readFile(join(root, 'docs/write-a-policy.md'), 'utf8')
  blocks = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code!)
  await writeFile(join(folder, 'hardest-first.mjs'), blocks[0]!)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const mixdesk = (args: readonly string[], policies: string) =>
  run(process.execPath, [join(root, 'apps/cli/bin/mixdesk.cjs'), ...args], {
    cwd: folder,
    env: { ...process.env, MIXDESK_POLICIES: policies },
  })

describe('docs/write-a-policy.md', () => {
  it('has a policy and tests that pass', async () => {
    await writeFile(join(folder, 'test.mjs'), blocks.slice(1).join('\n'))
    await run(process.execPath, ['test.mjs'], { cwd: folder })
    const wrong = blocks.slice(1).join('\n').replace('[0.55, 0.45]', '[0.5, 0.5]')
    await writeFile(join(folder, 'wrong.mjs'), wrong)
    await expect(run(process.execPath, ['wrong.mjs'], { cwd: folder })).rejects.toThrow(/AssertionError/)
  })

  it('has a policy that loads by its path, and is listed and explained like any other', async () => {
    const listed = await mixdesk(['policies', '--json'], './hardest-first.mjs')
    const { policies } = JSON.parse(listed.stdout) as { policies: { name: string }[] }
    expect(policies.map(({ name }) => name)).toContain('hardest-first')
    const shown = await mixdesk(['policies', 'show', 'hardest-first'], './hardest-first.mjs')
    expect(shown.stdout).toMatch(/share {2}number ≥ 0 ≤ 1, default 0\.01/)
  })

  it.each([
    [
      'that is not there',
      'nowhere.mjs',
      '',
      /nowhere\.mjs: the module could not be loaded .*; give the path/,
    ],
    [
      'without a policy',
      'empty.mjs',
      'export const nothing = 1',
      /empty\.mjs: expected a module that exports a policy/,
    ],
    [
      'with a policy that breaks a promise',
      'broken.mjs',
      "import { hardestFirst } from './hardest-first.mjs'\nexport const broken = { ...hardestFirst, name: 'broken', decide: () => ({ kind: 'reweigh', weights: [2], because: { summary: 'So.', parts: {} } }) }",
      /broken\.mjs: broken: decide: expected 3 weights, got 1/,
    ],
    [
      'with a name that is taken',
      'taken.mjs',
      "import { hardestFirst } from './hardest-first.mjs'\nexport const taken = { ...hardestFirst, name: 'odm' }",
      /taken\.mjs: odm: name: expected a name that no policy has/,
    ],
  ])('refuses a module %s in a sentence', async (_what, file, text, sentence) => {
    if (text !== '') await writeFile(join(folder, file), text)
    await expect(mixdesk(['policies'], file)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(sentence),
    })
  })
})
