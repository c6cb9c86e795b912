import { beforeAll, describe, expect, it } from 'vitest'
import type { RunStarted } from '@mixdesk/contracts'
import { createReplay } from '@mixdesk/mixture'
import { isRecorded, readHistory } from './histories.js'
import { record, recipes, rulesOf } from './record.js'

describe.each(Object.keys(recipes))('the recorded history %s', (name) => {
  beforeAll(() => {
    if (!isRecorded(name) && process.env['MIXDESK_RECORD'] === 'yes') record(name)
  })

  it('gives its decisions again', () => {
    const { messages, decisions } = readHistory(name)
    const rules = rulesOf[name]!
    const replay = createReplay(messages[0]!.data as RunStarted, { kind: 'same' }, decisions, { rules })
    for (const message of messages) replay.take(message)
    const report = replay.finish()
    expect(report).toMatchObject({ identical: true, compared: decisions.length })
    expect(report.kind === 'same' && report.firstDifference).toBeUndefined()
    expect(decisions.length).toBeGreaterThan(20)
    expect(new Set(decisions.map((decision) => decision.attempt))).toEqual(new Set([1, 2, 3]))
  })
})
