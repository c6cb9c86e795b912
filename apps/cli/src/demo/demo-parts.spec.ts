import { describe, expect, it } from 'vitest'
import { createColors } from 'picocolors'
import { displayWidth } from '../terminal/text.js'
import { liveLines } from './live-lines.js'
import { planDemo } from './plan.js'
import { parseProgressLine } from './progress-line.js'
import { averageOf, decisionsPerSecond, ended, newRunView, reported, started, worstOf } from './run-view.js'

const line = (step: number, version: number) =>
  parseProgressLine(
    JSON.stringify({
      run: 'r',
      step,
      loss: { web: 2, code: null },
      weights: { web: 0.75, code: 0.25 },
      meaning: 'samplingProbability',
      mixtureVersion: version,
    }),
  )!

describe('the plan', () => {
  it('has new names each time', () => {
    // They are drawn from 65,536: two alike are rare, eight alike are never seen.
    const names = Array.from({ length: 8 }, () => planDemo(10).stages[0]![0]!.id)
    expect(new Set(names).size).toBeGreaterThan(1)
  })
  it('trains the reference before the run that needs it', () => {
    const [first, second] = planDemo(10, 'x').stages
    expect(first!.filter((run) => run.savesReference)).toHaveLength(1)
    expect(second!.map((run) => [run.id, run.needsReference])).toEqual([['demo-doremi-x', true]])
  })
})

describe('what a trainer prints', () => {
  it('is a progress line or nothing', () => {
    expect(line(9, 1).loss).toEqual({ web: 2, code: null })
    for (const text of ['', 'hello', 'null', '{}', '{"step":1}', '[1]'])
      expect(parseProgressLine(text)).toBeUndefined()
  })

  it('adds up to a view of the run', () => {
    let view = started(newRunView(planDemo(20, 'x').stages[0]![0]!, 20), 0)
    view = reported(view, line(0, 0), 1000)
    view = reported(view, line(10, 2), 5000)
    expect([view.state, view.done, view.losses, decisionsPerSecond(view, 5000)]).toEqual([
      'training',
      11,
      [2, 2],
      0.5,
    ])
    expect(decisionsPerSecond(view, 60_000)).toBe(0)
    expect(decisionsPerSecond(ended(view, 6000), 60_000)).toBe(0.5)
  })

  it('leaves out of averages what was not measured', () =>
    expect([averageOf({ a: 1, b: null, c: 3 }), worstOf({ a: 1, b: null, c: 3 })]).toEqual([2, 3]))
})

describe('the picture', () => {
  it('fits every width it is drawn for, at every stage', () => {
    const runs = planDemo(300, 'x').stages.flat()
    const fresh = runs.map((run) => newRunView(run, 300))
    const busy = fresh.map((view) => ({ ...reported(view, line(149, 12), 1), reason: 'because '.repeat(40) }))
    for (const views of [fresh, busy, busy.map((view) => ended(view, 9e6))])
      for (let width = 72; width < 200; width += 9)
        for (const text of liveLines(
          { url: 'http://127.0.0.1:8777', views, seconds: 61, nowMs: 2 },
          { width, colors: createColors(true) },
        ))
          expect(displayWidth(text)).toBeLessThanOrEqual(width)
  })
})
