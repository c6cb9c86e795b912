import type { TrainerEvent } from '@mixdesk/contracts'
import { randomFor, type Random } from './random.js'

const stepOf = (event: TrainerEvent): number | undefined =>
  event.name === 'losses.measured' ? event.data.step : undefined

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1))
    ;[copy[i], copy[j]] = [copy[j]!, copy[i]!]
  }
  return copy
}

/** The same events, where the ranks of each step report in another order; all else stays in its place. */
export function shuffleRanks(events: readonly TrainerEvent[], seed: number): TrainerEvent[] {
  const result = [...events]
  for (let i = 0; i < events.length;) {
    const step = stepOf(events[i]!)
    let end = i + 1
    if (step !== undefined) {
      while (end < events.length && stepOf(events[end]!) === step) end++
      result.splice(i, end - i, ...shuffled(events.slice(i, end), randomFor(seed, step)))
    }
    i = end
  }
  return result
}

/** The same events, where about `share` of them come again, at once or up to `within` events later. */
export function deliverTwice(
  events: readonly TrainerEvent[],
  seed: number,
  share = 0.3,
  within = 20,
): TrainerEvent[] {
  const random = randomFor(seed)
  const again = new Map<number, TrainerEvent[]>()
  events.forEach((event, i) => {
    const [chance, distance] = [random.uniform(), Math.floor(random.uniform() * within)]
    if (chance >= share) return
    const at = Math.min(events.length - 1, i + distance)
    again.set(at, [...(again.get(at) ?? []), event])
  })
  return events.flatMap((event, i) => [event, ...(again.get(i) ?? [])])
}
