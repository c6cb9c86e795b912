import { describe, expect, it } from 'vitest'
import { validate, type Schema } from './validate.js'

const schema: Schema = {
  type: 'object',
  properties: {
    rate: { type: 'number', minimum: 0, maximum: 1 },
    steps: { type: 'integer', exclusiveMinimum: 0 },
    variant: { enum: ['paper', 'official'] },
    limit: { type: ['number', 'null'] },
    names: { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 },
    weights: { type: 'object', additionalProperties: { type: 'number', minimum: 0 } },
    version: { const: 2 },
    on: { type: 'boolean' },
  },
  required: ['rate'],
  additionalProperties: false,
}
const problems = (value: object) => validate(schema, { rate: 0.5, ...value })

describe('the validator', () => {
  it('finds nothing wrong with what fits', () => {
    expect(
      problems({
        steps: 3,
        variant: 'paper',
        limit: null,
        names: ['a'],
        weights: { a: 1 },
        version: 2,
        on: false,
      }),
    ).toEqual([])
  })

  it('says what was expected, what came and what to do', () => {
    expect(problems({ rate: 'high' })).toEqual([
      'rate: expected a number at least 0 and at most 1, got "high"; give a number at least 0 and at most 1, or leave it out for the default.',
    ])
  })

  it.each([
    [{ rate: 1.5 }, 'rate: expected'],
    [{ rate: NaN }, 'rate: expected'],
    [{ rate: Infinity }, 'rate: expected'],
    [{ steps: 0 }, 'steps: expected a whole number above 0, got 0'],
    [{ steps: 1.5 }, 'steps: expected a whole number above 0, got 1.5'],
    [{ variant: 'papr' }, 'variant: expected one of "paper", "official", got "papr"'],
    [{ limit: 'none' }, 'limit: expected a number or null, got "none"'],
    [{ names: [] }, 'names: expected a list with at least 1 entries, got a list of 0'],
    [{ names: ['a', ''] }, 'names[1]: expected a text with at least 1 characters, got ""'],
    [{ weights: { a: -1 } }, 'weights.a: expected a number at least 0, got -1'],
    [{ weights: [1] }, 'weights: expected an object, got a list of 1'],
    [{ version: 3 }, 'version: expected 2, got 3'],
    [{ on: 'yes' }, 'on: expected true or false, got "yes"'],
    [{ rates: 1 }, 'rates: expected one of rate, steps,'],
    [JSON.parse('{"__proto__": 1}'), '__proto__: expected one of'],
    [{ constructor: 1 }, 'constructor: expected one of'],
  ])('refuses %j', (value, sentence) => {
    const found = validate(
      schema,
      Object.defineProperties({ rate: 0.5 }, Object.getOwnPropertyDescriptors(value)),
    )
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(sentence)
  })

  it('reports every fault, and missing keys', () => {
    expect(validate(schema, { steps: -1, on: 1 })).toHaveLength(3)
    expect(validate(schema, [])[0]).toContain('The configuration: expected an object')
  })
})
