// Helpers of a benchmark that must not share a process with what they stand beside: each answers one question at a time.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Starts a script of this folder's `processes/` with options, and resolves when it is ready. */
export async function startChild(name, options, { execArgv = [] } = {}) {
  const script = fileURLToPath(new URL(`../processes/${name}.mjs`, import.meta.url))
  const child = fork(script, [], {
    execArgv,
    serialization: 'advanced',
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
  })
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} ended with ${code}`)
  })
  exited.catch(() => undefined)
  const answer = async () => {
    const [reply] = await Promise.race([once(child, 'message'), exited])
    if (reply.error !== undefined) throw new Error(`${name}: ${reply.error}`)
    return reply.value
  }
  child.send(options)
  await answer()
  return {
    pid: child.pid,
    async ask(question = {}) {
      const coming = answer()
      child.send(question)
      return coming
    },
    async stop() {
      if (child.exitCode !== null) return
      child.disconnect()
      await exited.catch(() => undefined)
    },
  }
}

/** The other side: `prepare` gets the options and returns what answers. The process ends when its parent lets go of it. */
export function serve(prepare) {
  let stop
  let handle
  process.on('disconnect', () => {
    void Promise.resolve(stop?.()).finally(() => process.exit(0))
  })
  process.on('message', (message) => {
    void (async () => {
      try {
        if (handle === undefined) {
          const prepared = await prepare(message)
          handle = prepared.handle
          stop = prepared.stop
          process.send({ value: true })
        } else process.send({ value: await handle(message) })
      } catch (error) {
        process.send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      }
    })()
  })
}
