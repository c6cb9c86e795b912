import type { LossesMeasured, RunStarted, TrainerEvent } from '@mixdesk/contracts'
import {
  aRun,
  applied,
  checkpoint,
  evaluation,
  finished,
  freeze,
  metrics,
  override,
  plausibleLoss,
  resumed,
  thaw,
} from './facts.js'

/** What the trainer of one run says, in order: written beforehand, so that no answer of ours changes it. */
export type Story = {
  readonly run: string
  readonly events: readonly TrainerEvent[]
  /** Where several send at once: what each of them says. Only the log knows the order of all. */
  readonly senders?: readonly (readonly TrainerEvent[])[]
}

export type StoryOptions = {
  readonly steps: number
  /** Whether every resume has its checkpoint, for servers that have no history to fold again. */
  readonly everyCheckpoint?: boolean
}

/** Runs under different policies, with all that trainers and people may say on the way; all names begin with `prefix`. */
export function storiesOf(prefix: string, { steps, everyCheckpoint = false }: StoryOptions): Story[] {
  const at = (share: number) => Math.floor(steps * share)
  const of = (
    name: string,
    ranks: number,
    settings: Partial<RunStarted>,
    tell: (say: Teller) => void,
  ): Story => {
    const run = `${prefix}-${name}`
    const say = teller(run, ranks)
    say.events.push(aRun({ run, ranks, ...settings }))
    tell(say)
    return { run, events: say.events }
  }
  const comesBack = (saved: boolean) => (say: Teller) => {
    say.steps(0, at(0.4))
    if (saved) say.events.push(checkpoint(at(0.4), { run: say.run }))
    say.steps(at(0.4) + 1, at(0.6))
    say.events.push(resumed(2, at(0.4), { run: say.run }))
    say.steps(at(0.4) + 1, steps - 1, { attempt: 2 })
  }
  return [
    of('frozen', 2, { cadence: 2 }, (say) => {
      say.steps(0, at(0.3))
      say.events.push(withRun(freeze('freeze-1'), say.run))
      say.steps(at(0.3) + 1, at(0.5))
      say.events.push(withRun(thaw('thaw-1'), say.run))
      say.steps(at(0.5) + 1, steps - 1)
      say.events.push(finished(steps - 1, { run: say.run }))
    }),
    of('overridden', 3, { policy: { name: 'odm', config: { variant: 'paper' } }, cadence: 1 }, (say) => {
      // Version 1 is issued with the start, and this policy divides by what was in force.
      for (let rank = 0; rank < 3; rank++) say.events.push(applied(1, rank, { run: say.run }))
      say.steps(0, at(0.5), { mixtureVersion: 1 })
      say.events.push(withRun(override('override-1', [0.2, 0.3, 0.5]), say.run))
      say.steps(at(0.5) + 1, steps - 1, { mixtureVersion: 0 })
    }),
    of(
      'resumed',
      2,
      { policy: { name: 'odm', config: { variant: 'official-exp3' } }, cadence: 3 },
      comesBack(true),
    ),
    of('proxy', 2, { policy: { name: 'doremi' }, cadence: 2 }, comesBack(everyCheckpoint)),
    of(
      'scheduled',
      2,
      {
        policy: {
          name: 'schedule',
          config: { phases: [{ policy: 'static', until: { steps: at(0.2) } }, { policy: 'odm' }] },
        },
        guards: { floor: 0.05, largestChange: 0.2, acknowledgeWithin: 7 },
        cadence: 1,
      },
      (say) => {
        for (let step = 0; step < steps; step += 5) {
          say.steps(step, Math.min(step + 4, steps - 1))
          say.events.push(evaluation(step, { run: say.run }), metrics(step, { run: say.run }))
        }
      },
    ),
    of('limping', 2, { cadence: 1, lateness: 4 }, (say) => {
      for (let step = 0; step < steps; step++) {
        // Every seventh step rank 1 comes six steps late: too late to count, kept all the same.
        say.rank(step, 0)
        if (step % 7 !== 0) say.rank(step, 1)
        if (step % 7 === 6) say.rank(step - 6, 1)
      }
    }),
  ]
}

type Teller = ReturnType<typeof teller>

function teller(run: string, ranks: number) {
  const events: TrainerEvent[] = []
  const rank = (step: number, of: number, fields: Partial<LossesMeasured> = {}) =>
    void events.push(measured(run, step, of, fields))
  return {
    run,
    events,
    rank,
    steps(first: number, last: number, fields: Partial<LossesMeasured> = {}) {
      for (let step = first; step <= last; step++) for (let of = 0; of < ranks; of++) rank(step, of, fields)
    },
  }
}

/** Tokens, losses and excess losses that differ by attempt, step, rank and domain: no two observations add up to the same. */
function measured(run: string, step: number, rank: number, fields: Partial<LossesMeasured>): TrainerEvent {
  const attempt = fields.attempt ?? 1
  const tokens = [0, 1, 2].map((domain) => 100 + ((7 * step + 3 * rank + 11 * domain + 5 * attempt) % 23))
  return {
    name: 'losses.measured',
    data: {
      run,
      attempt,
      step,
      rank,
      tokens,
      lossSum: tokens.map((count, domain) => count * plausibleLoss(step + 0.3 * attempt, rank, domain)),
      signals: {
        clippedExcessSum: tokens.map((count, domain) => (count * (1 + Math.sin(step + domain))) / 3),
      },
      ...fields,
    },
  }
}

const withRun = <E extends TrainerEvent>(event: E, run: string): E => ({
  ...event,
  data: { ...event.data, run },
})
