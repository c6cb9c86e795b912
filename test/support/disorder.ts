import type { TrainerEvent } from '@mixdesk/contracts'
import type { Seeded } from './seeded.js'

/** Nobody speaks of what comes after these before all have reached them. */
const together = new Set<TrainerEvent['name']>(['run.started', 'run.resumed', 'run.finished'])
/** How many steps one rank may be ahead of another. */
const mostAhead = 3

/** What each rank says, in its order; what is not a loss is said by rank 0. */
export function byRank(events: readonly TrainerEvent[]): TrainerEvent[][] {
  const ranks: TrainerEvent[][] = []
  for (const event of events) {
    const rank = event.name === 'losses.measured' ? event.data.rank : 0
    ;(ranks[rank] ??= []).push(event)
  }
  return ranks.filter((said) => said.length > 0)
}

/** The same events as real ranks would send them: each rank in order, neighbouring steps mixed between them. */
export function asRanksWould(events: readonly TrainerEvent[], random: Seeded): TrainerEvent[] {
  const sent: TrainerEvent[] = []
  let stretch: TrainerEvent[] = []
  for (const event of events) {
    if (!together.has(event.name)) {
      stretch.push(event)
      continue
    }
    sent.push(...mixed(stretch, random), event)
    stretch = []
  }
  return [...sent, ...mixed(stretch, random)]
}

function mixed(events: readonly TrainerEvent[], random: Seeded): TrainerEvent[] {
  const ranks = byRank(events)
  const sent: TrainerEvent[] = []
  for (;;) {
    const waiting = ranks.filter((said) => said.length > 0)
    if (waiting.length === 0) return sent
    const slowest = Math.min(...waiting.map((said) => stepOf(said[0]!)))
    sent.push(random.pick(waiting.filter((said) => stepOf(said[0]!) <= slowest + mostAhead)).shift()!)
  }
}

const stepOf = ({ data }: TrainerEvent): number => ('step' in data ? data.step : 0)

/**
 * Every message again, up to twelve messages later. One loss in ten has other numbers the second time, as from a rank
 * that went through the step again: the first one counts, in the decisions and in the history.
 */
export function deliveredTwice(events: readonly TrainerEvent[], random: Seeded): TrainerEvent[] {
  const again = new Map<number, TrainerEvent[]>()
  const sent: TrainerEvent[] = []
  events.forEach((event, i) => {
    const at = Math.min(events.length - 1, i + random.between(0, 12))
    again.set(at, [...(again.get(at) ?? []), random.next() < 0.1 ? otherNumbers(event) : event])
    sent.push(event, ...(again.get(i) ?? []))
  })
  return sent
}

function otherNumbers(event: TrainerEvent): TrainerEvent {
  if (event.name !== 'losses.measured') return event
  const { tokens, lossSum } = event.data
  return {
    ...event,
    data: {
      ...event.data,
      tokens: tokens.map((count) => count + 1),
      lossSum: lossSum.map((loss) => loss && loss / 2),
    },
  }
}
