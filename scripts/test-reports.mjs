/** What test runners write for machines, as counts. */

/** Vitest's JSON report. A file that could not even be loaded has no tests; it counts as one failure. */
export function countVitest(report) {
  const unloadable = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloadable.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** JUnit XML, as pytest writes it. */
export function countJunit(xml) {
  const sum = { passed: 0, failed: 0, skipped: 0 }
  for (const [tag] of xml.matchAll(/<testsuite\b[^>]*>/g)) {
    const count = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(tag)?.[1] ?? 0)
    const failed = count('failures') + count('errors')
    sum.failed += failed
    sum.skipped += count('skipped')
    sum.passed += count('tests') - failed - count('skipped')
  }
  return sum
}

/** A runner that reports no failure and yet ends with one (a crash, an unhandled error) has failed once. */
export const withStatus = (counts, status) =>
  status === 0 || counts.failed > 0 ? counts : { ...counts, failed: 1 }

/** The last line, and whether all is well: something ran, and nothing failed. */
export function verdict(all) {
  const passed = all.reduce((sum, counts) => sum + counts.passed, 0)
  const failed = all.reduce((sum, counts) => sum + counts.failed, 0)
  return {
    line: `${passed} passed, ${failed} failed`,
    ok: failed === 0 && all.every((counts) => counts.passed > 0) && all.length > 0,
  }
}
