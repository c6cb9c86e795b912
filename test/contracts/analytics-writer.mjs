// Writes blocks to a history until it is killed, and prints the number of each block once it is acknowledged.
import { writeSync } from 'node:fs'
import { createChdbAnalytics } from '../../libs/analytics/dist/index.js'

const [path, rows] = [process.argv[2], Number(process.argv[3])]
const analytics = createChdbAnalytics({ path })
await analytics.start()
const domains = Array.from({ length: 24 }, (_, i) => i)
for (let number = 0; ; number++) {
  const observations = Array.from({ length: rows }, (_, i) => {
    const offset = number * rows + i
    const identity = {
      project: 'p',
      run: 'killed',
      attempt: 1,
      step: offset,
      rank: 0,
      mixtureVersion: 0,
      partition: 0,
      offset: String(offset),
      time: 0,
    }
    return { ...identity, domains, tokens: domains, lossSum: domains, sequences: domains, signals: {} }
  })
  await analytics.write({
    token: `killed-${number}`,
    observations,
    runEvents: [],
    evaluations: [],
    metrics: [],
    ledger: [],
    deadLetters: [],
  })
  writeSync(1, `${number}\n`)
}
