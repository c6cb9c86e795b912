import { defineConfig } from 'vitest/config'

// Packages resolve to their sources (condition `source`), so a test never runs a stale build; processes that a test
// starts run the build, which `npm test` makes first. Forks, never threads: chDB crashes in worker threads.
// Without 'import': Node would hand it to require, too, and CommonJS packages would get ESM files.
const conditions = ['source', 'module', 'node']
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['node'] } },
}
const exclude = ['**/node_modules/**', '**/dist/**']

// Limits are there for what never ends, for a busy machine may stand still at any line. A test may take longer than the
// waits inside it, so that what fails is a wait, which says what for.
export default defineConfig({
  test: {
    passWithNoTests: false,
    // The engines of the flows stop in a teardown.
    teardownTimeout: 60_000,
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          pool: 'forks',
          include: [
            'libs/**/*.spec.ts',
            'apps/**/*.spec.ts',
            'test/{golden,replay,support,workspace,worlds}/**/*.spec.ts',
          ],
          exclude,
          setupFiles: ['test/support/properties.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      // These start real engines: one file at a time, or two cores are not enough for anybody.
      {
        ...shared,
        test: {
          name: 'engines',
          pool: 'forks',
          include: ['test/{contracts,conformance,engines}/**/*.spec.ts'],
          exclude,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'flows',
          pool: 'forks',
          include: ['test/flows/**/*.spec.ts'],
          exclude,
          globalSetup: ['test/flows/global-setup.ts'],
          fileParallelism: false,
          // A test waits several times, each time for up to two minutes.
          testTimeout: 900_000,
          hookTimeout: 300_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'faults',
          pool: 'forks',
          include: ['test/faults/**/*.spec.ts'],
          exclude,
          fileParallelism: false,
          testTimeout: 1_200_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
