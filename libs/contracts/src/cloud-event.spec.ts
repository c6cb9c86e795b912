import { describe, expect, it } from 'vitest'
import {
  cloudEventHeaders,
  eventIdOf,
  openKafkaEvent,
  openStructuredEvent,
  type RawHeaders,
} from './cloud-event.js'
import { nameOfType, topicSettings, topics, typeOf } from './topics.js'

const utf8 = new TextEncoder()
const bytes = (value: unknown) => utf8.encode(JSON.stringify(value))
const event = { id: '7', type: 'mixdesk.losses.measured.v1', source: 'rank-0', time: '2026-03-01T12:00:00Z' }
const binary = cloudEventHeaders(event)
const structured = { specversion: '1.0', ...event, datacontenttype: 'application/json', data: { step: 1 } }
const because = (headers: RawHeaders, value: Uint8Array | null) => {
  const opened = openKafkaEvent(headers, value)
  return opened.ok ? 'opened' : opened.because
}

describe('binary mode', () => {
  it('gives back what the headers were made of, but for id and source, which cost time and nobody asks for', () => {
    const { type, time } = event
    expect(openKafkaEvent(binary, bytes({ step: 1 }))).toEqual({
      ok: true,
      value: { type, time, name: 'losses.measured', data: { step: 1 } },
    })
  })

  it('reads headers as text, as bytes, or as lists of either', () => {
    const asBytes = Object.fromEntries(
      Object.entries(binary).map(([name, value]) => [name, utf8.encode(value)]),
    )
    const asLists = Object.fromEntries(
      Object.entries(binary).map(([name, value]) => [name, [utf8.encode(value), 'second']]),
    )
    const expected = openKafkaEvent(binary, bytes(1))
    expect(openKafkaEvent(asBytes, bytes(1))).toEqual(expected)
    expect(openKafkaEvent(asLists, bytes(1))).toEqual(expected)
  })

  it('asks for the type, and forgives a missing id, source, version and time', () => {
    expect(openKafkaEvent({ ce_type: event.type }, bytes({}))).toEqual({
      ok: true,
      value: { type: event.type, name: 'losses.measured', data: {} },
    })
    expect(because({}, bytes({}))).toContain('no `ce_type` header')
  })

  it('knows only CloudEvents 1.0', () => {
    expect(because({ ...binary, ce_specversion: '0.3' }, bytes({}))).toBe(
      'CloudEvents version 1.0 was expected, 0.3 came.',
    )
  })

  it('leaves the time out of the headers where there is none', () => {
    expect(Object.keys(cloudEventHeaders({ ...event, time: undefined }))).not.toContain('ce_time')
  })
})

describe('structured mode', () => {
  it.each(['application/cloudevents+json', 'application/cloudevents+json; charset=utf-8'])(
    'is told by content-type %s',
    (contentType) => {
      expect(openKafkaEvent({ 'content-type': contentType }, bytes(structured))).toEqual({
        ok: true,
        value: { ...event, name: 'losses.measured', data: { step: 1 } },
      })
    },
  )

  it.each([
    [{ ...structured, specversion: undefined }, '`specversion` "1.0" was expected'],
    [{ ...structured, type: '' }, '`type` is missing'],
    [{ ...structured, id: 7 }, '`id` is missing'],
    [{ ...structured, source: undefined }, '`source` is missing'],
    [{ ...structured, data: undefined }, '`data` is missing'],
    [[structured], 'A CloudEvent as a JSON object was expected'],
    [null, 'A CloudEvent as a JSON object was expected'],
  ])('turns away %j', (value, part) => {
    const opened = openStructuredEvent(value)
    expect(opened.ok ? 'opened' : opened.because).toContain(part)
  })

  it('leaves out a time that is no text, and takes data of any kind', () => {
    expect(openStructuredEvent({ ...structured, time: 5, data: null })).toEqual({
      ok: true,
      value: { id: '7', type: event.type, source: 'rank-0', name: 'losses.measured', data: null },
    })
  })
})

describe('the id of an event off Kafka', () => {
  const idOf = (headers: RawHeaders, value: unknown) => {
    const opened = openKafkaEvent(headers, bytes(value))
    return opened.ok ? eventIdOf(headers, opened.value) : opened.because
  }
  it('is found in both modes', () => {
    expect(idOf(binary, {})).toBe('7')
    expect(idOf({ ...binary, ce_id: utf8.encode('é') }, {})).toBe('é')
    // What the value says counts there, whatever the headers say.
    expect(idOf({ 'content-type': 'application/cloudevents+json', ce_id: 'other' }, structured)).toBe('7')
  })
  it('is nothing where there is none, or one too long to be told on', () => {
    expect(idOf({ ce_type: event.type }, {})).toBeUndefined()
    expect(idOf({ ...binary, ce_id: '' }, {})).toBeUndefined()
    expect(idOf({ ...binary, ce_id: 'x'.repeat(256) }, {})).toHaveLength(256)
    expect(idOf({ ...binary, ce_id: 'x'.repeat(257) }, {})).toBeUndefined()
  })
})

describe('types and topics', () => {
  it('maps names to types and back', () => {
    expect(typeOf('run.started')).toBe('mixdesk.run.started.v1')
    expect(nameOfType('mixdesk.run.started.v1')).toBe('run.started')
    for (const type of ['mixdesk.run.started.v2', 'other.run.started.v1', '', 'mixdesk..v1']) {
      expect(['', undefined]).toContain(nameOfType(type))
    }
  })

  it('compacts what is level-triggered, and nothing else', () => {
    expect(topicSettings.map(({ topic }) => topic).sort()).toEqual(Object.values(topics).sort())
    expect(topicSettings.filter(({ compacted }) => compacted).map(({ topic }) => topic)).toEqual([
      topics.trainerCommands,
    ])
  })
})
