import { typeOf } from '@mixdesk/contracts'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { domains, soundFault, type Event, type Mixture } from './foreign-client.js'

/** A trainer without Kafka, made of fetch. */
export type HttpHabits = {
  /** What to do with a batch that was not taken: the same events again, or what a mutant makes of them. */
  again(events: readonly object[]): readonly object[] | undefined
  readonly contentType: string
  /** The query of the next poll. */
  query(newest: number): string
  /** The body of a batch. */
  body(events: readonly object[]): string
}
export const soundHttp: HttpHabits = {
  again: (events) => events,
  contentType: 'application/cloudevents-batch+json',
  query: (newest) => `?after=${newest}&wait=5`,
  body: (events) => JSON.stringify(events),
}

export async function trainOverHttp(
  url: string,
  run: string,
  habits: HttpHabits,
  signal: AbortSignal,
): Promise<number> {
  const came: Mixture[] = []
  let newest = 0
  let over = false
  async function listen(): Promise<void> {
    while (!over && !signal.aborted) {
      const response = await fetch(`${url}/v1/runs/${run}/mixture${habits.query(newest)}`, { signal })
      if (response.status !== 200) {
        await delay(20)
        continue
      }
      const mixture = (await response.json()) as Mixture
      if (mixture.version > newest) came.push(mixture)
      newest = Math.max(newest, mixture.version)
    }
  }
  async function send(events: readonly Event[]): Promise<void> {
    let batch: readonly object[] | undefined = events.map(({ name, data }) => ({
      specversion: '1.0',
      id: randomUUID(),
      source: 'test/http',
      type: typeOf(name),
      time: new Date().toISOString(),
      data,
    }))
    while (batch !== undefined) {
      const response = await fetch(`${url}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': habits.contentType },
        body: habits.body(batch),
        signal,
      })
      if (response.status === 202 || response.status === 400) return
      batch = habits.again(batch)
      await delay(20)
    }
  }
  const listening = listen().catch(() => undefined)
  try {
    const start = {
      run,
      project: 'p',
      attempt: 1,
      domains: domains.map((name) => ({ name })),
      policy: { name: 'odm' },
      ranks: 1,
    }
    await send([{ name: 'run.started', data: start }])
    const waiting: Mixture[] = []
    let inForce: Mixture | undefined
    let read = 0
    let stopped = false
    for (let step = 0; step < 5_000 && !signal.aborted; step++) {
      const events: Event[] = []
      for (; read < came.length; read++) {
        const mixture = came[read]!
        const because = soundFault(mixture)
        stopped ||= mixture.lifecycle === 'stop'
        if (because === undefined) waiting.push(mixture)
        else
          events.push({
            name: 'mixture.refused',
            data: { run, attempt: 1, version: mixture.version, step, because },
          })
      }
      const taken = waiting.findLast((mixture) => mixture.attempt === 1 && mixture.fromStep <= step)
      if (taken !== undefined) {
        inForce = taken
        waiting.splice(0, waiting.indexOf(taken) + 1)
        events.push({
          name: 'mixture.applied',
          data: { run, attempt: 1, version: taken.version, step, rank: 0 },
        })
      }
      if (stopped) events.push({ name: 'run.finished', data: { run, attempt: 1, step, status: 'stopped' } })
      else {
        const tokens = (inForce?.weights ?? domains.map(() => 1 / 3)).map((weight) =>
          Math.round(weight * 4096),
        )
        events.push({
          name: 'losses.measured',
          data: {
            run,
            attempt: 1,
            step,
            rank: 0,
            mixtureVersion: inForce?.version ?? 0,
            tokens,
            lossSum: tokens.map((count) => count * 2.5),
          },
        })
      }
      await send(events)
      if (stopped) break
      await delay(4)
    }
    return 0
  } catch (error) {
    if (signal.aborted) return 1
    throw error
  } finally {
    over = true
    void listening
  }
}
