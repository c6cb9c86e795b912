import { describe, expect, it } from 'vitest'
import { openKafkaEvent } from '../cloud-event.js'
import { limits } from '../primitives.js'
import { typeOf } from '../topics.js'
import { isTrainerEventName, parseTrainerEvent } from './parse.js'
import { trainerEventExamples as examples } from '../examples.js'
import { trainerEventSchemas, type TrainerEventName } from './trainer-events.js'

const utf8 = new TextEncoder()
const event = (name: string, data: unknown) => ({ id: '1', type: typeOf(name), source: 'test', name, data })

/** The sentence a message is turned away with. */
function refusal(name: string, data: unknown): string {
  const parsed = parseTrainerEvent(event(name, data))
  if (parsed.ok) throw new Error(`accepted: ${JSON.stringify(data)}`)
  return parsed.because
}
const without = (data: object, key: string) =>
  Object.fromEntries(Object.entries(data).filter(([k]) => k !== key))

describe('parseTrainerEvent', () => {
  it.each(Object.entries(examples))('accepts %s as a trainer sends it', (name, data) => {
    expect(parseTrainerEvent(event(name, data))).toEqual({ ok: true, value: { name, data } })
  })

  it('has an example of every event', () => {
    expect(Object.keys(examples)).toEqual(Object.keys(trainerEventSchemas))
  })

  it.each(Object.entries(examples))('ignores fields of %s that it does not know', (name, data) => {
    expect(parseTrainerEvent(event(name, { ...data, brandNew: { field: true } })).ok).toBe(true)
  })

  it.each(
    Object.entries(trainerEventSchemas).flatMap(([name, schema]) =>
      (schema.required ?? []).map((key) => [name, key] as const),
    ),
  )('turns away %s without `%s`, naming the field', (name, key) => {
    expect(refusal(name, without(examples[name as TrainerEventName], key))).toContain(key)
  })

  it.each(Object.keys(examples))('turns away %s that is no object, in one sentence', (name) => {
    for (const data of [undefined, null, 7, 'text', [], true]) {
      const sentence = refusal(name, data)
      expect(sentence).toMatch(/\.$/)
      expect(sentence.startsWith(`${name}: `)).toBe(true)
      expect(sentence.length).toBeLessThan(300)
    }
  })

  it('names the types it knows when it meets one it does not', () => {
    const parsed = parseTrainerEvent({
      type: 'mixdesk.losses.guessed.v1',
      name: 'losses.guessed',
      data: {},
    })
    expect(parsed).toEqual({
      ok: false,
      because: `Unknown type "mixdesk.losses.guessed.v1"; expected mixdesk.<name>.v1 with one of: ${Object.keys(trainerEventSchemas).join(', ')}.`,
    })
    expect(parseTrainerEvent({ type: 'com.example', name: undefined, data: {} }).ok).toBe(false)
  })

  it('knows its names and not those every object has', () => {
    expect(isTrainerEventName('run.started')).toBe(true)
    for (const name of ['toString', '__proto__', 'constructor', '', undefined])
      expect(isTrainerEventName(name)).toBe(false)
  })

  it.each([
    ['run.started', { ranks: 0 }, 'ranks'],
    ['run.started', { attempt: 2 }, 'attempt'],
    ['run.started', { domains: [] }, 'domains'],
    ['run.started', { run: 'a b' }, 'run'],
    ['run.started', { run: 'x'.repeat(129) }, 'run'],
    ['run.started', { guards: { flor: 0.1 } }, 'guards/flor'],
    ['run.started', { guards: { floor: 1.5 } }, 'guards/floor'],
    ['run.started', { guards: { largestChange: { perDomain: { web: 2 } } } }, 'guards/largestChange'],
    ['run.started', { guards: { repetitionCap: {} } }, 'guards/repetitionCap/epochs'],
    ['run.started', { guards: { entropyFloor: { share: 1.1 } } }, 'guards/entropyFloor/share'],
    ['run.started', { signals: ['1st'] }, 'signals/0'],
    ['run.started', { evaluations: { scores: [''] } }, 'evaluations/scores/0'],
    ['run.started', { domains: [{ name: 'web', weight: -1 }] }, 'domains/0/weight'],
    ['mixture.applied', { step: -1 }, 'step'],
    ['mixture.applied', { version: 1.5 }, 'version'],
    ['run.resumed', { attempt: 1 }, 'attempt'],
    ['run.resumed', { step: -2 }, 'step'],
    ['run.finished', { status: 'done' }, 'status'],
    ['evaluation.measured', { loss: ['NaN'] }, 'loss/0'],
    ['metrics.logged', { names: [] }, 'names'],
    ['override.requested', { weights: [] }, 'weights'],
    ['override.requested', { weights: [-0.5, 1.5] }, 'weights/0'],
    ['advice.given', { values: [null] }, 'values/0'],
    ['advice.given', { source: '' }, 'source'],
  ])('turns away %s with %j, saying where', (name, change, where) => {
    expect(refusal(name, { ...examples[name as TrainerEventName], ...change })).toContain(where)
  })

  it('says what a closed list of words would have accepted', () => {
    expect(refusal('run.finished', { ...examples['run.finished'], status: 'done' })).toBe(
      'run.finished: expected one of "completed", "failed", "stopped" at /status, got "done".',
    )
  })

  describe('relations between fields', () => {
    const started = examples['run.started']
    it.each([
      [
        'run.started',
        { ...started, domains: [{ name: 'web' }, { name: 'web' }] },
        'the domain "web" is named twice',
      ],
      [
        'run.started',
        { ...started, domains: [{ name: 'web', weight: 1 }, { name: 'code' }] },
        'give every domain a weight, or none',
      ],
      [
        'run.started',
        {
          ...started,
          domains: [
            { name: 'web', weight: 0 },
            { name: 'code', weight: 0 },
          ],
        },
        'at least one must be positive',
      ],
      [
        'run.started',
        {
          ...started,
          domains: [
            { name: 'web', weight: 1e308 },
            { name: 'code', weight: 1e308 },
          ],
        },
        'finite',
      ],
      ['evaluation.measured', { run: 'r', attempt: 1, step: 0 }, 'give `loss`, `scores`, or both'],
      [
        'evaluation.measured',
        { run: 'r', attempt: 1, step: 0, domains: [0, 1], loss: [1] },
        '`loss` has 1 entries where `domains` has 2',
      ],
      [
        'evaluation.measured',
        { run: 'r', attempt: 1, step: 0, domains: [1, 1], loss: [1, 1] },
        'names an index twice',
      ],
      [
        'metrics.logged',
        { run: 'r', attempt: 1, step: 0, names: ['lr'], values: [1, 2] },
        '`values` has 2 entries where `names` has 1',
      ],
      ['advice.given', { ...examples['advice.given'], values: [] }, 'why there are none'],
      ['advice.given', { ...examples['advice.given'], because: 'No model.' }, 'give `values`, or say'],
    ])('of %s: %j', (name, data, part) => {
      expect(refusal(name, data)).toContain(part)
    })
  })

  it('never quotes more than a little of what came', () => {
    expect(
      refusal('run.started', { ...examples['run.started'], run: 'é'.repeat(100_000) }).length,
    ).toBeLessThan(300)
  })
})

describe('a Kafka message, from bytes to a sentence', () => {
  const headers = { ce_id: '1', ce_source: 'test', ce_type: typeOf('losses.measured'), ce_specversion: '1.0' }
  const sentence = (bytes: Uint8Array | null) => {
    const opened = openKafkaEvent(headers, bytes)
    if (!opened.ok) return opened.because
    const parsed = parseTrainerEvent(opened.value)
    return parsed.ok ? 'accepted' : parsed.because
  }
  const losses = examples['losses.measured']

  it.each([
    ['a sound one', utf8.encode(JSON.stringify(losses)), /^accepted$/],
    ['none at all', null, /has no value/],
    ['broken JSON', utf8.encode('{"run": "r", '), /^The message is not JSON: .*Send one JSON object\.$/],
    ['bytes that are not UTF-8', new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), /not UTF-8/],
    [
      '2 MiB',
      utf8.encode(JSON.stringify({ ...losses, pad: 'x'.repeat(2 * limits.messageBytes) })),
      /bytes; at most 1048576/,
    ],
    [
      'a number JSON does not have',
      utf8.encode('{"run":"r","attempt":1,"step":0,"rank":0,"tokens":[1],"lossSum":[NaN]}'),
      /not JSON/,
    ],
    [
      'a number beyond doubles',
      utf8.encode('{"run":"r","attempt":1,"step":0,"rank":0,"tokens":[1],"lossSum":[1e999]}'),
      /`lossSum\[0\]` should be a finite number/,
    ],
    [
      'step −1',
      utf8.encode(JSON.stringify({ ...losses, step: -1 })),
      /`step` should be a non-negative integer, got -1/,
    ],
  ])('%s', (_, bytes, expected) => {
    expect(sentence(bytes)).toMatch(expected)
  })

  it('keeps to the limit exactly', () => {
    const text = JSON.stringify({ ...losses, pad: '' })
    const fill = (bytes: number) =>
      utf8.encode(JSON.stringify({ ...losses, pad: 'x'.repeat(bytes - text.length) }))
    expect(sentence(fill(limits.messageBytes))).toBe('accepted')
    expect(sentence(fill(limits.messageBytes + 1))).toContain('1048577 bytes')
  })
})
