type Running = { start(): Promise<void>; stop(): Promise<void> }

/** Knows what was started and not stopped, so that it is stopped with the whole. `mayStart` throws where nothing may start. */
export function createRunning(mayStart: () => void = () => undefined) {
  const running = new Set<Running>()
  return {
    tracked: <T extends Running>(one: T): T => ({
      ...one,
      start: async () => {
        mayStart()
        running.add(one)
        await one.start()
      },
      stop: async () => {
        running.delete(one)
        await one.stop()
      },
    }),
    async stopAll(): Promise<void> {
      await Promise.all([...running].map((one) => one.stop()))
      running.clear()
    },
  }
}
