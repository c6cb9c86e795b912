import type { RuleResult } from './rules.js'

/** What came of a run of the kit. */
export type Report = {
  /** Every must-rule that was tried holds, and the story was told to its end. */
  readonly ok: boolean
  /** Whom the kit looked at. */
  readonly checked: 'client' | 'server'
  readonly run: string
  readonly transports: readonly ('kafka' | 'http')[]
  readonly held: number
  readonly broken: number
  readonly warnings: number
  readonly untried: number
  readonly results: readonly RuleResult[]
}

export function reportOf(
  about: Pick<Report, 'checked' | 'run' | 'transports'>,
  results: readonly RuleResult[],
): Report {
  const count = (holds: (result: RuleResult) => boolean) => results.filter(holds).length
  const broken = count(({ outcome, level }) => outcome === 'broken' && level === 'must')
  return {
    ok: broken === 0,
    ...about,
    held: count(({ outcome }) => outcome === 'held'),
    broken,
    warnings: count(({ outcome, level }) => outcome === 'broken' && level === 'should'),
    untried: count(({ outcome }) => outcome === 'untried'),
    results,
  }
}

type Paint = (text: string) => string
export type Paints = { readonly good: Paint; readonly bad: Paint; readonly warn: Paint; readonly dim: Paint }
const plain: Paint = (text) => text
const noPaint: Paints = { good: plain, bad: plain, warn: plain, dim: plain }

/** The report for a person: a line a rule, and under a broken one what was found and what to do. */
export function reportText(report: Report, paint: Paints = noPaint): string {
  const lines = report.results.flatMap((result) => {
    const { rule, level, sentence, outcome, faults, findings } = result
    if (outcome === 'held') return [`${paint.good('    ok')}  ${rule}: ${sentence}`]
    if (outcome === 'untried')
      return [`${paint.dim('     –')}  ${rule}: ${paint.dim(`not tried: ${sentence}`)}`]
    const mark = level === 'must' ? paint.bad('broken') : paint.warn('  warn')
    const head = findings[0]!
    const times = faults > findings.length ? [`        … ${faults} times in all`] : []
    return [
      `${mark}  ${rule}: ${sentence}`,
      ...findings.map(({ expected, got, where }) => `        ${where}: expected ${expected}; got ${got}`),
      ...times,
      `        ${paint.warn('fix:')} ${head.todo} (${head.docs})`,
    ]
  })
  const { held, broken, warnings, untried, ok, checked, run } = report
  const verdict = `${ok ? 'conforms' : 'does not conform'}: ${held} held, ${broken} broken, ${warnings} warnings, ${untried} not tried.`
  return [...lines, '', `The ${checked} of ${run} ${ok ? paint.good(verdict) : paint.bad(verdict)}`].join(
    '\n',
  )
}
