import { describe, expect, it } from 'vitest'
import { createAssembler, emptyAssembly, type Assembler } from './assembler.js'
import type { Observation } from './merge-step.js'

const report = (step: number, rank = 0): Observation => ({
  step,
  rank,
  tokens: [1],
  lossSum: [step + rank / 10],
})
const open = (ranks: number, lateness: number, from?: number) =>
  createAssembler(1, emptyAssembly(ranks, lateness, from))

function closedBy(assembler: Assembler, ...observations: Observation[]): number[] {
  const steps: number[] = []
  for (const observation of observations) {
    assembler.accept(observation)
    for (let step = assembler.next(); step !== undefined; step = assembler.next()) steps.push(step.step)
  }
  return steps
}

describe('a step closes', () => {
  it('when all ranks have reported it, in whatever order', () => {
    const assembler = open(3, 10)
    expect(closedBy(assembler, report(0, 2), report(0, 0))).toEqual([])
    expect(closedBy(assembler, report(0, 1))).toEqual([0])
  })
  it('not before the steps below it', () => {
    const assembler = open(2, 10)
    expect(closedBy(assembler, report(0, 0), report(1, 0), report(1, 1))).toEqual([])
    expect(closedBy(assembler, report(0, 1))).toEqual([0, 1])
  })
  it('without missing ranks once the newest step is `lateness` ahead', () => {
    const assembler = open(2, 3)
    expect(closedBy(assembler, report(0), report(1), report(2))).toEqual([])
    expect(closedBy(assembler, report(3))).toEqual([0])
    expect(closedBy(assembler, report(9))).toEqual([1, 2, 3])
  })
  it('although steps between were reported by nobody', () => {
    expect(closedBy(open(1, 3), report(10), report(20), report(30))).toEqual([10, 20, 30])
  })
  it('as it stands when asked to, and what lies above is forgotten', () => {
    const assembler = open(2, 10)
    closedBy(assembler, report(0), report(1), report(2))
    expect(assembler.closeUpTo(1).map((step) => [step.step, step.observations])).toEqual([
      [0, 1],
      [1, 1],
    ])
    expect(assembler.state().open).toEqual([])
  })
})

describe('a report is', () => {
  it('a duplicate when its rank has reported the step, open or closed', () => {
    const assembler = open(2, 10)
    assembler.accept(report(0))
    expect(assembler.accept(report(0))).toBe('duplicate')
    closedBy(assembler, report(0, 1))
    expect(assembler.accept(report(0, 1))).toBe('duplicate')
  })
  it('late when the step closed without its rank, and the second time a duplicate', () => {
    const assembler = open(2, 1)
    closedBy(assembler, report(0), report(1))
    expect(assembler.accept(report(0, 1))).toBe('late')
    expect(assembler.accept(report(0, 1))).toBe('duplicate')
  })
  it('late when it is of a step that was passed over', () => {
    const assembler = open(1, 1)
    closedBy(assembler, report(0), report(2))
    expect(assembler.accept(report(1))).toBe('late')
  })
  it('too old when it is not after the step resumed from', () => {
    const assembler = open(1, 1, 7)
    closedBy(assembler, report(8))
    expect([7, 3].map((step) => assembler.accept(report(step)))).toEqual(['tooOld', 'tooOld'])
  })
})

describe('its state', () => {
  const reports = Array.from({ length: 40 }, (_, i) => report((i * 7) % 13, i % 3))

  it('saved in mid-assembly goes on like one never saved', () => {
    const whole = open(3, 4)
    let saved = open(3, 4)
    for (const one of reports) {
      saved = createAssembler(1, JSON.parse(JSON.stringify(saved.state())) as ReturnType<Assembler['state']>)
      expect(saved.accept(one)).toBe(whole.accept(one))
      for (let step = whole.next(); step !== undefined; step = whole.next())
        expect(saved.next()).toEqual(step)
      expect(JSON.stringify(saved.state())).toBe(JSON.stringify(whole.state()))
    }
  })
  it('stays small while ranks are silent and steps are skipped', () => {
    const assembler = open(20_000, 2)
    closedBy(assembler, ...Array.from({ length: 500 }, (_, i) => report(3 * i)))
    expect(JSON.stringify(assembler.state()).length).toBeLessThan(30_000)
  })
})
