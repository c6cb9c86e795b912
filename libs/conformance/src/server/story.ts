import { typeOf } from '@mixdesk/contracts'

/** An event of a scripted trainer. */
export type StoryEvent = {
  readonly id: string
  readonly name: string
  readonly data: { readonly run: string; readonly [field: string]: unknown }
}

export const domains = ['conformance/web', 'conformance/code', 'conformance/books']
/** Uneven, so that a policy which begins evenly moves with its first decision. */
const weights = [0.5, 0.3, 0.2]
export const ranks = 2
export const cadence = 3
export const lateness = 4
/** A step that a decision follows, and the last one. */
export const lastStep = 11

/** Nats per token: falling with the step at a pace of each domain's own, so that a policy has something to see. */
const loss = (step: number, rank: number, domain: number): number =>
  1.5 +
  domain / 2 +
  (2 + domain) / Math.sqrt(step + 1 + domain) +
  ((step * 7 + rank * 3 + domain * 5) % 11) / 50

/** Tells one trainer's story; ids are its own. */
export function createStory(run: string, policy: string) {
  let count = 0
  const event = (name: string, data: object, id = `${run}-${count++}`): StoryEvent => ({
    id,
    name,
    data: { run, ...data },
  })
  const story = {
    run,
    event,
    start: (more: object = {}) =>
      event('run.started', {
        project: 'conformance',
        attempt: 1,
        domains: domains.map((name, i) => ({ name, weight: weights[i]! })),
        policy: { name: policy },
        ranks,
        cadence,
        lateness,
        ...more,
      }),
    losses: (step: number, rank: number, more: object = {}) => {
      const tokens = domains.map((_, domain) => 100 + 10 * domain)
      return event('losses.measured', {
        attempt: 1,
        step,
        rank,
        tokens,
        lossSum: tokens.map((some, domain) => some * loss(step, rank, domain)),
        ...more,
      })
    },
    /** All ranks of these steps, in order. */
    steps: (first: number, last: number, more: object = {}) =>
      Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
        Array.from({ length: ranks }, (_, rank) => story.losses(first + i, rank, more)),
      ).flat(),
    finish: (step: number, more: object = {}) =>
      event('run.finished', { attempt: 1, step, status: 'completed', ...more }),
  }
  return story
}
export type Story = ReturnType<typeof createStory>

/** As HTTP batches and structured mode carry it. */
export const structured = ({ id, name, data }: StoryEvent) => ({
  specversion: '1.0',
  id,
  source: 'mixdesk-conformance',
  type: typeOf(name),
  time: new Date().toISOString(),
  datacontenttype: 'application/json',
  data,
})
