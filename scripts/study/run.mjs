// Runs what is planned, two at a time, each as soon as what it needs is there; keeps what is done after every run.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { train } from './training.mjs'

const atOnce = 2

export async function runStudy({ jobs, size, results, stand, say, stopped, keep }) {
  const { runs, corpus } = results
  const names = corpus.domains.map(({ name }) => name)
  const known = { size, corpus, found: (key) => runs[key] }
  const reference = (key) => join(stand.folder, `${key.replaceAll('/', '-')}.pt`)
  // A reference model whose file is gone has to be trained again, where somebody still needs it.
  const needed = (job) => jobs.some((one) => one.reference === job.key && runs[one.key] === undefined)
  const isDone = (job) =>
    runs[job.key] !== undefined && !(job.saves && needed(job) && !existsSync(reference(job.key)))
  const waiting = jobs.filter((job) => !isDone(job))
  const total = waiting.length
  const pending = new Set(waiting.map(({ key }) => key))
  const began = performance.now()

  async function work() {
    while (waiting.length > 0 && !stopped()) {
      const at = waiting.findIndex((job) => job.needs.every((key) => !pending.has(key)))
      if (at === -1) {
        // What it needs is trained by the other one.
        await nextDone()
        continue
      }
      const [job] = waiting.splice(at, 1)
      await run(job)
    }
  }

  const wake = []
  const nextDone = () => new Promise((resolve) => wake.push(resolve))
  async function run(job) {
    const config = job.config?.(known)
    const weights = job.weights === undefined ? undefined : byName(names, job.weights(known))
    if (job.policy === 'skill-it') results.graph = config.graph
    let told = 0
    try {
      runs[job.key] = {
        ...(config === undefined ? {} : { config }),
        ...(await train(
          { ...stand, reference },
          {
            size,
            job,
            config,
            weights,
            onStep: (step, steps) => {
              const quarter = Math.floor((4 * step) / steps)
              if (quarter > told && quarter < 4) say(`  ${job.key}: step ${step} of ${steps}`)
              told = Math.max(told, quarter)
            },
          },
        )),
      }
      await keep()
      pending.delete(job.key)
      const done = total - pending.size
      const minutes = (performance.now() - began) / 60_000
      say(`${job.key}: ${runs[job.key].seconds.toFixed(0)} s; ${done} of ${total}, ${minutes.toFixed(1)} min`)
    } catch (error) {
      if (!stopped()) throw error
    } finally {
      wake.splice(0).forEach((resolve) => resolve())
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}

const byName = (names, numbers) => Object.fromEntries(names.map((name, i) => [name, numbers[i]]))
