import { describe, expect, it } from 'vitest'
import { schedulePresets } from './schedule-presets.js'
import { configured, problemsOf, schedule, start } from './schedule.fixture.js'
import { UnusablePreset } from './unusable-preset.error.js'
import { validate } from '../validate.js'

const run = start(
  { code: 0.5, web: 0.3, math: 0.2 },
  { steps: 100, tokens: 1e6 },
  { code: 9, web: 8, math: 7 },
)
const until = { any: [{ loss: { domain: 'code', below: 2 } }, { score: { task: 'gsm8k', above: 0.5 } }] }

/** Parameters for presets that need some, and for all those with needs. */
const parameters: Readonly<Record<string, object>> = {
  'domain-upsampling': { upsampled: { code: 1, math: 1 } },
  replay: { replayed: ['web'], limit: { domain: 'web', above: 3 } },
  interventions: { interventions: [{ weights: { code: 1 }, until }] },
  'domain-budgets': { budgets: { code: { steps: 3 } }, policy: 'odm' },
  'multi-stage': { stages: [{ weights: {}, until }, { weights: { code: 1 } }] },
}

describe.each(schedulePresets.map((preset) => [preset.name, preset] as const))('%s', (name, preset) => {
  const config = { preset: { name, ...parameters[name] } }

  it('is explained: a title, sources, full sentences, and a description of every parameter', () => {
    expect(preset.name).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(preset.cites.length).toBeGreaterThan(0)
    expect(preset.describe).toMatch(/^[A-Z].*\.$/)
    for (const one of Object.values(preset.schema.properties)) expect(one.description).toMatch(/^[A-Z].*\.$/)
    for (const key of Object.keys(preset.defaults as object))
      expect(preset.schema.properties).toHaveProperty(key)
  })

  it('becomes a schedule that fits its own schema and checks', () => {
    expect(problemsOf(config, run)).toEqual([])
    const plan = preset.build({ ...preset.defaults, ...parameters[name] }, run)
    expect(validate(schedule.schema, plan)).toEqual([])
    expect(problemsOf(plan, run)).toEqual([])
    expect(JSON.parse(JSON.stringify(plan))).toStrictEqual(plan)
  })

  it('asks for the same signals and evaluations as the phases it becomes', () => {
    const plan = preset.build({ ...preset.defaults, ...parameters[name] }, run)
    expect(schedule.signals(configured(config, run))).toEqual(schedule.signals(plan))
    expect(schedule.evaluations!(configured(config, run))).toEqual(schedule.evaluations!(plan))
  })

  it('keeps its phases in the state, so that a run is not changed by a later preset', () => {
    const made = configured(config, run)
    expect(schedule.initialState(made, run).plan).toEqual(
      preset.build({ ...preset.defaults, ...parameters[name] }, run),
    )
  })

  it('takes a single domain', () => {
    const alone = start({ code: 1 }, { steps: 100 }, { code: 5 })
    const given = name === 'domain-upsampling' ? { upsampled: { code: 1 } } : parameters[name]
    const own = name === 'replay' ? { replayed: ['code'] } : given
    expect(problemsOf({ preset: { name, ...own } }, alone)).toEqual([])
  })

  it('names parameters it does not know', () => {
    expect(problemsOf({ preset: { ...config.preset, windou: 3 } }, run)).toEqual([
      expect.stringMatching(/^preset\.windou: expected one of .*a setting that is not known/),
    ])
  })
})

it('has a name of its own', () => {
  const names = schedulePresets.map((preset) => preset.name)
  expect(new Set(names).size).toBe(names.length)
})

it.each<[object, string]>([
  [{ preset: { name: 'colddown' } }, 'preset.name: expected one of domain-upsampling, cooldown,'],
  [{ preset: { window: 1 } }, 'preset.name: expected a text'],
  [
    { preset: { name: 'cooldown' }, phases: [{ policy: 'odm' }], repeat: 3 },
    'preset: expected a preset or phases of your own, got preset and phases, repeat',
  ],
  [
    { preset: { name: 'domain-upsampling', upsampled: { cod: 1 } } },
    'preset domain-upsampling: phases[1].config: weights: cod is no domain of this run',
  ],
])('refuses %j', (config, sentence) => {
  expect(problemsOf(config, run)).toContainEqual(expect.stringContaining(sentence))
})

it('does not start with parameters that nobody checked', () => {
  expect(() => schedule.initialState({ preset: { name: 'colddown' } }, run)).toThrow(UnusablePreset)
})
