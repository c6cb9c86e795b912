import { describe, expectTypeOf, it } from 'vitest'
import type {
  LedgerData,
  LedgerEnvelope,
  LedgerEvent,
  LedgerEventType,
  LossesMeasured,
  MixtureSet,
  Outcome,
  RunFinished,
  TrainerEvent,
  TrainerEventName,
} from './index.js'

// `npm run check` compiles these; there is nothing to run.
describe('the types of the messages', () => {
  it('narrow to their data by name', () => {
    expectTypeOf<Extract<TrainerEvent, { name: 'losses.measured' }>['data']>().toEqualTypeOf<LossesMeasured>()
    expectTypeOf<TrainerEvent['name']>().toEqualTypeOf<TrainerEventName>()
    expectTypeOf<Extract<LedgerEvent, { type: 'MixtureDecided' }>['data']>().toEqualTypeOf<
      LedgerData<'MixtureDecided'>
    >()
    expectTypeOf<LedgerEnvelope['type']>().toEqualTypeOf<LedgerEventType>()
  })

  it('keep closed lists closed', () => {
    expectTypeOf<RunFinished['status']>().toEqualTypeOf<'completed' | 'failed' | 'stopped'>()
    expectTypeOf<MixtureSet['meaning']>().toEqualTypeOf<'samplingProbability' | 'lossMultiplier'>()
  })

  it('say that a loss can be absent, and a count cannot', () => {
    expectTypeOf<LossesMeasured['lossSum'][number]>().toEqualTypeOf<number | null>()
    expectTypeOf<LossesMeasured['tokens'][number]>().toEqualTypeOf<number>()
  })

  it('make one look at `ok` before the value', () => {
    expectTypeOf<Outcome<number>>().not.toHaveProperty('value')
    expectTypeOf<Extract<Outcome<number>, { ok: true }>['value']>().toEqualTypeOf<number>()
  })

  it('keep positions as text: a 64-bit position does not fit a number', () => {
    expectTypeOf<LedgerEnvelope['position']>().toEqualTypeOf<string>()
  })
})
