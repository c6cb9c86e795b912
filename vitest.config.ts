import { defineConfig } from 'vitest/config'

// Packages resolve to their sources (condition `source`), so a test never runs a stale build; processes that a test
// starts run the build, which `npm test` makes first. Forks, never threads: chDB crashes in worker threads.
const conditions = ['source', 'node', 'import', 'module', 'default']
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['node', 'import', 'default'] } },
  test: {
    pool: 'forks',
    include: ['libs/**/*.spec.ts', 'apps/**/*.spec.ts', 'test/**/*.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    passWithNoTests: false,
  },
})
