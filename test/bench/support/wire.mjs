// What trainers send, as bytes: the same run, step and rank always give the same message.
import { typeOf } from '@mixdesk/contracts'

const source = Buffer.from('mixdesk-bench')
const text = (words) => Buffer.from(words)
const specversion = text('1.0')
const contentType = text('application/json')
const types = new Map()
const typeBytes = (name) => {
  if (!types.has(name)) types.set(name, text(typeOf(name)))
  return types.get(name)
}
let serial = 0

/** A message in binary mode, with the headers that the Python client sends. */
export function messageOf(name, run, data) {
  return {
    key: run,
    headers: {
      ce_specversion: specversion,
      ce_id: text(`bench-${process.pid}-${serial++}`),
      ce_type: typeBytes(name),
      ce_source: source,
      ce_time: text(new Date().toISOString()),
      'content-type': contentType,
    },
    value: Buffer.from(JSON.stringify(data)),
  }
}

export const domainsNamed = (count) => Array.from({ length: count }, (_, i) => ({ name: `domain-${i}` }))

export const startOf = (run, { domains, ranks, cadence, policy = { name: 'odm' }, project = 'bench' }) => ({
  run,
  project,
  attempt: 1,
  domains: domainsNamed(domains),
  policy,
  ranks,
  cadence,
})

/** The first step of a run. ODM stays uniform until step 77 of 24 domains: from here on every question has a new answer. */
export const firstStep = 1000

/**
 * What a rank measured. Losses fall with the step, differ by domain and rank, and have all their digits; tokens differ from step to
 * step, as samples do.
 */
export function lossesOf(run, { domains, cadence }, step, rank) {
  const tokens = new Array(domains)
  const lossSum = new Array(domains)
  for (let i = 0; i < domains; i++) {
    tokens[i] = 2048 + ((step * 7919 + rank * 104_729 + i * 1299709) % 4096)
    lossSum[i] =
      tokens[i] * (1.5 + i / 16 + 20 / Math.sqrt(step + 1) + 0.1 * Math.sin(7 * step + 3 * rank + 5 * i))
  }
  return { run, attempt: 1, step, rank, mixtureVersion: versionAt(step, cadence), tokens, lossSum }
}

/** The version a trainer samples under that takes every mixture on one cadence late; version 1 comes with the start. */
const versionAt = (step, cadence) => Math.max(1, Math.floor((step - firstStep) / cadence))

export const runNamed = (prefix, index) => `${prefix}-${String(index).padStart(4, '0')}`
