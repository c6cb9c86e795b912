import { defineConfig, globalIgnores } from 'eslint/config'
import { createNodeResolver, importX } from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'
import { bordersRule } from './scripts/lint/borders.mjs'

const pure = ['policies', 'contracts', 'mixture', 'simulation'].map((lib) => `libs/${lib}/src/**/*.ts`)
const tests = ['**/*.spec.ts', '**/*.fixture.ts', 'test/**']

const clock = 'Time, chance and the world come in as arguments or do not come in.'
const worldly = [
  'Date',
  'performance',
  'process',
  'crypto',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'fetch',
  'console',
  'require',
  'Buffer',
  'navigator',
]
const syntax = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: 'TSEnumDeclaration', message: 'Use a union of texts.' },
]
const environment = [
  {
    object: 'process',
    property: 'env',
    message: 'The environment is read once, in apps/server/src/config.ts.',
  },
]
const randomness = [{ object: 'Math', property: 'random', message: clock }]

export default defineConfig(
  globalIgnores([
    '**/dist/**',
    '**/node_modules/**',
    'apps/trainer/**',
    'apps/dashboard/**',
    '.mixdesk/**',
    'coverage/**',
  ]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts', '**/*.mts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: ['./tsconfig.test.json'], tsconfigRootDir: import.meta.dirname },
    },
    plugins: { mixdesk: { rules: { borders: bordersRule } }, 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts'],
      'import-x/external-module-folders': ['node_modules', 'dist'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [
        createNodeResolver({ extensions: ['.ts'], extensionAlias: { '.js': ['.ts'] } }),
      ],
    },
    rules: {
      'mixdesk/borders': 'error',
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'no-restricted-syntax': ['error', ...syntax],
      'no-restricted-properties': ['error', ...environment],
      eqeqeq: 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'type'],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: true },
      ],
      // `return nothing()` in a guard clause is one line instead of three; `void` on a value marks it as unused.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/unbound-method': 'off', // Ports are objects of closures; there is no `this` to lose.
      '@typescript-eslint/require-await': 'off', // A function that promises to promise may have nothing to wait for.
      '@typescript-eslint/no-non-null-assertion': 'off', // `a[i]!` inside a loop over a's length is how numerics read.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'always' }],
      '@typescript-eslint/no-extraneous-class': 'off', // Nest's modules.
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/unified-signatures': 'off',
    },
  },
  {
    files: pure,
    ignores: tests,
    rules: {
      'no-restricted-globals': ['error', ...worldly.map((name) => ({ name, message: clock }))],
      'no-restricted-properties': ['error', ...environment, ...randomness],
      'no-restricted-syntax': [
        'error',
        ...syntax,
        { selector: "Identifier[name='globalThis']", message: clock },
        { selector: 'ImportExpression', message: 'A pure lib is loaded whole.' },
      ],
    },
  },
  {
    // Where the environment is read, or handed to a child process.
    files: ['apps/server/src/config.ts', 'apps/cli/**', 'libs/engines/**', ...tests],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: tests,
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/consistent-type-assertions': 'off',
    },
  },
  { files: ['*.config.ts', '*.config.mjs', 'eslint.config.mjs'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['**/*.mjs', '**/*.js'],
    rules: {
      eqeqeq: 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'prefer-const': 'error',
      'no-undef': 'off',
    },
  },
)
