import { cloudEventHeaders, typeOf } from '@mixdesk/contracts'
import type { IncomingMessage } from '@mixdesk/messaging'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../config.js'
import { ParsedMessages } from './parsed-messages.js'

const losses = (offset: number, partition = 0): IncomingMessage => ({
  topic: 'mixdesk.trainer-events.v1',
  partition,
  offset: String(offset),
  key: Buffer.from('run'),
  headers: cloudEventHeaders({ id: String(offset), type: typeOf('losses.measured'), source: 'spec' }),
  value: Buffer.from(
    JSON.stringify({ run: 'run', attempt: 1, step: offset, rank: 0, tokens: [1], lossSum: [2] }),
  ),
  timestamp: '0',
})
const parsedBy = (roles: string) => new ParsedMessages(readConfig({ MIXDESK_ROLES: roles }))

describe('messages that two readers take in', () => {
  it('are parsed once, whoever comes first', () => {
    const parsed = parsedBy('mixture,history')
    const [first, second] = [parsed.parse(losses(1), 'desks'), parsed.parse(losses(2), 'history')]
    expect(parsed.parse(losses(1), 'history')).toBe(first)
    expect(parsed.parse(losses(2), 'desks')).toBe(second)
    expect(parsed.parse(losses(1, 7), 'desks')).not.toBe(first)
  })

  it('are parsed again by a reader that comes for a third time, and where the other role is elsewhere', () => {
    const parsed = parsedBy('mixture,history')
    const first = parsed.parse(losses(1), 'desks')
    parsed.parse(losses(1), 'history')
    expect(parsed.parse(losses(1), 'desks')).not.toBe(first)
    expect(parsed.parse(losses(1), 'desks')).toEqual(first)
    const alone = parsedBy('mixture')
    expect(alone.parse(losses(1), 'desks')).not.toBe(alone.parse(losses(1), 'history'))
  })

  it('are forgotten, the oldest first, when one reader is far ahead', () => {
    const parsed = parsedBy('mixture,history')
    const all = Array.from({ length: 2049 }, (_, offset) => parsed.parse(losses(offset), 'desks'))
    expect(parsed.parse(losses(0), 'history')).not.toBe(all[0])
    expect(parsed.parse(losses(2048), 'history')).toBe(all[2048])
  })
})

describe('a reader that is ahead', () => {
  const fill = (parsed: ParsedMessages) => {
    for (let offset = 0; offset < 2048; offset++) parsed.parse(losses(offset), 'desks')
  }

  it('waits for one that comes along, and goes on once it has caught up', async () => {
    const parsed = parsedBy('mixture,history')
    fill(parsed)
    for (let offset = 0; offset < 100; offset++) parsed.parse(losses(offset), 'history')
    let room = false
    const waiting = parsed.whenRoom(0, 'desks').then(() => (room = true))
    await Promise.resolve()
    expect(room).toBe(false)
    for (let offset = 100; offset < 1100; offset++) parsed.parse(losses(offset), 'history')
    await waiting
  })

  it('waits for nobody who does not come, who is ahead itself, or while there is room', async () => {
    const parsed = parsedBy('mixture,history')
    fill(parsed)
    const atOnce = async (wait: Promise<void>) => {
      let over = false
      void wait.then(() => (over = true))
      for (let turn = 0; turn < 3; turn++) await Promise.resolve()
      expect(over).toBe(true)
    }
    await atOnce(parsed.whenRoom(0, 'desks'))
    parsed.parse(losses(0), 'history')
    await atOnce(parsed.whenRoom(0, 'history'))
    parsed.parse(losses(1, 3), 'desks')
    await atOnce(parsed.whenRoom(3, 'desks'))
  })

  it('waits a moment at most', async () => {
    const parsed = parsedBy('mixture,history')
    fill(parsed)
    parsed.parse(losses(0), 'history')
    await parsed.whenRoom(0, 'desks')
  })
})
