import type { StoryEvent } from './story.js'
import { structured } from './story.js'

export type Answer = {
  readonly status: number
  readonly contentType: string
  readonly text: string
  readonly body: unknown
}
export type HttpSide = ReturnType<typeof openHttpSide>

/** The trainer's end of HTTP. */
export function openHttpSide(url: string, patienceMs: number) {
  async function ask(path: string, init: RequestInit = {}, mostMs = patienceMs): Promise<Answer> {
    const response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(mostMs) })
    const text = await response.text()
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      body = undefined
    }
    return { status: response.status, contentType: response.headers.get('content-type') ?? '', text, body }
  }
  const post = (text: string, contentType: string) =>
    ask('/v1/events', { method: 'POST', body: text, headers: { 'content-type': contentType } })
  return {
    ask,
    post,
    postOne: (event: StoryEvent) => post(JSON.stringify(structured(event)), 'application/cloudevents+json'),
    postBatch: (events: readonly StoryEvent[]) =>
      post(JSON.stringify(events.map(structured)), 'application/cloudevents-batch+json'),
    mixture: (run: string, query = '', mostMs?: number) =>
      ask(`/v1/runs/${encodeURIComponent(run)}/mixture${query}`, {}, mostMs),
  }
}
