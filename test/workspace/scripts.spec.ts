import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fixed, lockProblems } from '../../scripts/lock-file.mjs'
import { countJunit, countVitest, verdict, withStatus } from '../../scripts/test-reports.mjs'

describe('the lock file', () => {
  const chdb = {
    optionalDependencies: {
      '@chdb/lib-darwin-arm64': '1.2.3-stable.1',
      '@chdb/lib-linux-x64-gnu': '1.2.3-stable.1',
    },
  }
  const lock = {
    lockfileVersion: 3,
    packages: {
      '': { name: 'root' },
      'node_modules/chdb': chdb,
      'node_modules/@chdb/lib-linux-x64-gnu': {
        version: '1.2.3-stable.1',
        resolved: 'https://registry.example/lib.tgz',
      },
      'node_modules/ours': { resolved: 'libs/ours', link: true },
    },
  }

  it('lacks an entry for the platforms a registry does not serve, and must not say which registry it came from', () => {
    expect(lockProblems(lock)).toEqual([
      'package-lock.json lacks node_modules/@chdb/lib-darwin-arm64, without which `npm ci` refuses it. Run: node scripts/fix-lock.mjs',
      'package-lock.json names a registry for node_modules/@chdb/lib-linux-x64-gnu. Run: node scripts/fix-lock.mjs',
    ])
  })

  it('is complete after the fix, which changes nothing the second time', () => {
    const once = fixed(lock)
    expect(lockProblems(once)).toEqual([])
    expect(once.packages['node_modules/@chdb/lib-darwin-arm64']).toEqual({
      version: '1.2.3-stable.1',
      cpu: ['arm64'],
      optional: true,
      os: ['darwin'],
    })
    expect(once.packages['node_modules/ours']).toEqual({ resolved: 'libs/ours', link: true })
    expect(JSON.stringify(fixed(once))).toBe(JSON.stringify(once))
  })

  it('finds what is installed below the package that asks, or above it', () => {
    const nested = {
      packages: {
        'node_modules/a/node_modules/chdb': chdb,
        'node_modules/a/node_modules/@chdb/lib-darwin-arm64': {},
        'node_modules/@chdb/lib-linux-x64-gnu': {},
      },
    }
    expect(lockProblems(nested)).toEqual([])
  })
})

it('installing runs nothing of any package: one of them would fetch CUDA, and fail where that is out of reach', () => {
  const settings = readFileSync(new URL('../../.npmrc', import.meta.url), 'utf8').split('\n')
  expect(settings).toContain('ignore-scripts=true')
})

describe('the verdict over all tests', () => {
  const file = (status: string, ...tests: string[]) => ({
    status,
    assertionResults: tests.map((one) => ({ status: one })),
  })
  const report = {
    numPassedTests: 3,
    numFailedTests: 1,
    numPendingTests: 1,
    numTodoTests: 0,
    testResults: [file('failed', 'failed')],
  }
  const xml =
    '<testsuites><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="1"></testsuite></testsuites>'

  it('counts what the runners report', () => {
    expect(countVitest(report)).toEqual({ passed: 3, failed: 1, skipped: 1 })
    expect(countJunit(xml)).toEqual({ passed: 4, failed: 3, skipped: 3 })
  })

  it('counts a file that could not be loaded as a failure', () => {
    expect(countVitest({ ...report, numFailedTests: 0, testResults: [file('failed')] }).failed).toBe(1)
  })

  it('believes the exit status where the report knows of no failure', () => {
    const clean = { passed: 5, failed: 0, skipped: 0 }
    expect(withStatus(clean, 0)).toEqual(clean)
    expect(withStatus(clean, 1).failed).toBe(1)
    expect(withStatus({ ...clean, failed: 2 }, 1).failed).toBe(2)
  })

  it('is bad where anything failed, and where nothing ran', () => {
    const ran = { passed: 5, failed: 0, skipped: 0 }
    expect(verdict([ran, ran])).toEqual({ line: '10 passed, 0 failed', ok: true })
    expect(verdict([ran, { ...ran, failed: 1 }])).toEqual({ line: '10 passed, 1 failed', ok: false })
    expect(verdict([ran, { passed: 0, failed: 0, skipped: 9 }]).ok).toBe(false)
    expect(verdict([]).ok).toBe(false)
  })
})
