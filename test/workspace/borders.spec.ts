import { ESLint, type Linter } from 'eslint'
import tseslint from 'typescript-eslint'
import { beforeAll, describe, expect, it } from 'vitest'

// A border that is not tried is a wish. Snippets are linted as if they stood in a file of each package; rules that need
// types are off, because such files do not exist.

let untyped: ESLint
beforeAll(() => {
  untyped = new ESLint({ overrideConfig: tseslint.configs.disableTypeChecked as Linter.Config })
})

/** The sentences of a rule over a snippet. */
async function report(rule: string, file: string, code: string): Promise<string[]> {
  const [result] = await untyped.lintText(code, { filePath: file })
  const fatal = result!.messages.find((message) => message.fatal)
  if (fatal !== undefined) throw new Error(fatal.message)
  return result!.messages.filter(({ ruleId }) => ruleId === rule).map(({ message }) => message)
}
const importing = (from: string) => `import { x } from '${from}'\nx()\n`
const trespasses = (folder: string, from: string) =>
  report('mixdesk/borders', `${folder}/src/snippet.ts`, importing(from))

describe('who may import whom', () => {
  it.each([
    [
      'libs/policies',
      '@mixdesk/contracts',
      'libs/policies may not import @mixdesk/contracts; it may import nothing.',
    ],
    ['libs/policies', 'rxjs', 'may not import rxjs'],
    ['libs/contracts', '@mixdesk/policies', 'may not import @mixdesk/policies'],
    ['libs/contracts', 'zod', 'may not import zod; it may import @sinclair/typebox, @noble/hashes.'],
    ['libs/mixture', '@mixdesk/event-store', 'may not import @mixdesk/event-store'],
    ['libs/mixture', '@sinclair/typebox', 'may not import @sinclair/typebox'],
    ['libs/simulation', '@mixdesk/policies', 'may not import @mixdesk/policies'],
    ['libs/agent', '@mixdesk/mixture', 'may not import @mixdesk/mixture'],
    ['libs/policies', 'onnxruntime-node', 'may not import onnxruntime-node'],
    ['libs/engines', '@mixdesk/contracts', 'may not import @mixdesk/contracts'],
    ['libs/engines', 'kafkajs', 'may not import kafkajs'],
    ['libs/event-store', '@mixdesk/messaging', 'may not import @mixdesk/messaging'],
    ['libs/event-store', '@nestjs/common', 'may not import @nestjs/common'],
    ['libs/messaging', '@mixdesk/analytics', 'may not import @mixdesk/analytics'],
    ['libs/messaging', 'typeorm', 'may not import typeorm'],
    ['libs/conformance', '@mixdesk/mixture', 'may not import @mixdesk/mixture'],
    ['libs/conformance', 'kafkajs', 'may not import kafkajs'],
    ['libs/analytics', '@mixdesk/event-store', 'may not import @mixdesk/event-store'],
    ['libs/analytics', '@nestjs/cqrs', 'may not import @nestjs/cqrs'],
    ['apps/server', 'mixdesk', 'may not import mixdesk'],
    ['apps/cli', '@mixdesk/analytics', 'may not import @mixdesk/analytics'],
  ])('%s may not import %s', async (folder, from, part) => {
    const sentences = await trespasses(folder, from)
    expect(sentences).toHaveLength(1)
    expect(sentences[0]).toContain(part)
  })

  it.each([
    ['libs/contracts', '@sinclair/typebox/compiler'],
    ['libs/contracts', '@noble/hashes/sha2.js'],
    ['libs/mixture', '@mixdesk/policies'],
    ['libs/mixture', '@mixdesk/contracts'],
    ['libs/simulation', '@mixdesk/contracts'],
    ['libs/agent', 'onnxruntime-node'],
    ['libs/agent', '@mixdesk/policies'],
    ['libs/engines', 'node:child_process'],
    ['libs/engines', 'pg'],
    ['libs/event-store', 'typeorm'],
    ['libs/messaging', 'kafkajs'],
    ['libs/conformance', '@mixdesk/messaging'],
    ['libs/conformance', 'ajv/dist/2020.js'],
    ['libs/analytics', '@clickhouse/client'],
    ['libs/analytics', 'chdb'],
    ['apps/server', '@mixdesk/mixture'],
    ['apps/server', '@mixdesk/agent'],
    ['apps/server', '@nestjs/common'],
    ['apps/cli', '@mixdesk/server'],
    ['libs/policies', './sum.js'],
  ])('%s may import %s', async (folder, from) => {
    expect(await trespasses(folder, from)).toEqual([])
  })

  it.each([
    ['a deep import', importing('@mixdesk/contracts/dist/index.js')],
    ['a path into the sources of another package', importing('../../contracts/src/index.js')],
    ['a re-export', `export { x } from '@mixdesk/policies/src/sum.js'\n`],
    ['a re-export of all', `export * from '../../policies/src/sum.js'\n`],
    ['an import type', `export type X = import('@mixdesk/policies/dist/sum.js').X\n`],
    ['a dynamic import', `export const x = await import('@mixdesk/policies/dist/sum.js')\n`],
  ])('nobody enters by the window: %s', async (_, code) => {
    const sentences = await report('mixdesk/borders', 'libs/mixture/src/snippet.ts', code)
    expect(sentences).toHaveLength(1)
    expect(sentences[0]).toMatch(/^Enter /)
  })

  it('lets tests stand where they need to, but not enter deep', async () => {
    const spec = (from: string) =>
      report('mixdesk/borders', 'libs/policies/src/snippet.spec.ts', importing(from))
    expect(await spec('vitest')).toEqual([])
    expect(await spec('node:fs')).toEqual([])
    expect(await spec('@mixdesk/contracts/dist/index.js')).toHaveLength(1)
  })

  it('sees a cycle', async () => {
    const cyclic = `export * from './cloud-event.js'\n`
    expect(await report('import-x/no-cycle', 'libs/contracts/src/outcome.ts', cyclic)).toHaveLength(1)
    expect(
      await report('import-x/no-cycle', 'libs/contracts/src/outcome.ts', `export * from './primitives.js'\n`),
    ).toEqual([])
  })
})

describe('the pure libs', () => {
  const pure = ['policies', 'contracts', 'mixture', 'simulation']
  const impure: [string, string][] = [
    ['mixdesk/borders', importing('node:fs')],
    ['mixdesk/borders', importing('crypto')],
    ['no-restricted-globals', 'export const x = Date.now()\n'],
    ['no-restricted-globals', 'export const x = performance.now()\n'],
    ['no-restricted-globals', 'export const x = process.pid\n'],
    ['no-restricted-globals', 'export const x = crypto.randomUUID()\n'],
    ['no-restricted-globals', 'setTimeout(() => undefined, 1)\n'],
    ['no-restricted-properties', 'export const x = Math.random()\n'],
    ['no-restricted-properties', 'export const { random } = Math\n'],
    ['no-restricted-syntax', 'export const x = globalThis.Date.now()\n'],
    ['no-restricted-syntax', `export const x = await import('./sum.js')\n`],
  ]
  it.each(pure.flatMap((lib) => impure.map(([rule, code]) => [lib, rule, code] as const)))(
    '%s: %s reports %j',
    async (lib, rule, code) => {
      expect(await report(rule, `libs/${lib}/src/snippet.ts`, code)).not.toEqual([])
    },
  )

  it('are the only ones so strict', async () => {
    expect(
      await report('no-restricted-globals', 'libs/engines/src/snippet.ts', 'export const x = Date.now()\n'),
    ).toEqual([])
  })
})

describe('the environment', () => {
  const code = 'export const home = process.env\n'
  const rule = 'no-restricted-properties'
  it('is read in one file of the server, and handed on by the command line and the engines', async () => {
    for (const file of ['apps/server/src/config.ts', 'apps/cli/src/start.ts', 'libs/engines/src/child.ts'])
      expect(await report(rule, file, code)).toEqual([])
    for (const file of [
      'apps/server/src/main.ts',
      'libs/messaging/src/x.ts',
      'libs/analytics/src/x.ts',
      'libs/event-store/src/x.ts',
    ])
      expect(await report(rule, file, code)).toHaveLength(1)
  })
})

describe('the language', () => {
  it.each([
    ['no-restricted-syntax', 'export default 1\n'],
    ['no-restricted-syntax', 'export enum Colour { red }\n'],
    ['@typescript-eslint/consistent-type-definitions', 'export interface X { a: number }\n'],
    ['@typescript-eslint/no-explicit-any', 'export const x: any = 1\n'],
  ])('%s reports %j', async (rule, code) => {
    expect(await report(rule, 'libs/messaging/src/snippet.ts', code)).toHaveLength(1)
  })

  it.each([
    'libs/mixture/src/x.ts',
    'apps/server/src/x.ts',
    'libs/policies/src/x.spec.ts',
    'test/flows/x.spec.ts',
  ])('of %s is checked with types: floating promises, exhaustive switches', async (file) => {
    const { rules } = (await new ESLint().calculateConfigForFile(file)) as { rules: Record<string, [number]> }
    for (const rule of [
      'no-floating-promises',
      'no-misused-promises',
      'switch-exhaustiveness-check',
      'no-explicit-any',
    ])
      expect(rules[`@typescript-eslint/${rule}`]![0]).toBe(2)
  })
})
