type Step = {
  readonly what: string
  readonly stop: () => Promise<void>
  readonly abort: (() => Promise<void>) | undefined
}

const patienceMs = 30_000
const hardPatienceMs = 5000

/** What has been started, to be stopped in the opposite order: once, completely, and in bounded time. */
export class Shutdown {
  private readonly steps: Step[] = []
  private readonly say: (line: string) => void
  private stopped: Promise<void> | undefined

  constructor(say: (line: string) => void) {
    this.say = say
  }

  /** `abort` is for people who can't wait. */
  add(what: string, stop: () => Promise<void>, abort?: () => Promise<void>): void {
    this.steps.push({ what, stop, abort })
  }

  /** Stops everything, newest first. What fails or takes too long is told, and does not keep the rest from being stopped. */
  run(): Promise<void> {
    return (this.stopped ??= this.stopAll())
  }

  /** Stops hard whatever can be, at once. */
  async abort(): Promise<void> {
    const all = Promise.allSettled(this.steps.map(async ({ abort }) => abort?.()))
    await within(all, hardPatienceMs)
  }

  private async stopAll(): Promise<void> {
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      const { what, stop, abort } = step
      try {
        if (await within(stop(), patienceMs)) continue
        this.say(`${what} did not stop within ${patienceMs / 1000} s; going on without.`)
      } catch (error) {
        this.say(
          `${what} did not stop as it should: ${error instanceof Error ? error.message : String(error)}`,
        )
      }
      await within(Promise.allSettled([abort?.()]), hardPatienceMs)
    }
  }
}

/** Whether it was done in time. */
async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ms)))
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
