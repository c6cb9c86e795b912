import { configure } from './configure.js'
import { deepFreeze } from './deep-freeze.js'
import { describeValue } from './describe-value.js'
import type { AnyPolicy, Json, PolicyFact, PolicyStart, Proposal } from './policy.js'
import { sum } from './numerics/sum.js'

/**
 * What stands against a policy, in sentences: members that are missing or of the wrong kind, and promises broken in a short
 * run of made-up facts (ordinary ones, absent domains, zeros, enormous numbers). For policies from outside; the property
 * tests of this package hold its own to the same with thousands of random runs. Nothing that a policy throws gets out.
 */
export function tryOut(policy: AnyPolicy): string[] {
  const problems = missingMembers(policy)
  if (problems.length > 0) return problems
  for (const domains of [3, 1]) {
    try {
      problems.push(...trialRun(policy, startOf(domains)))
    } catch (error) {
      problems.push(
        `In a trial run of ${domains} domains it threw: ${String(error)}; it should hold, or refuse in \`check\`.`,
      )
    }
    if (problems.length > 0) break
  }
  return problems
}

const texts = ['name', 'title', 'purpose'] as const
const functions = ['signals', 'check', 'initialState', 'evolve', 'decide'] as const
const choices = {
  meaning: ['samplingProbability', 'lossMultiplier'],
  output: ['weights', 'controls', 'weights and controls'],
} as const
const guide = ['avoidWhen', 'cost', 'absentDomains'] as const

function missingMembers(given: unknown): string[] {
  if (!isObject(given))
    return [`Expected a policy, got ${describeValue(given)}; export an object of the type Policy.`]
  const problems: string[] = []
  const wants = (member: string, expected: string, value: unknown) =>
    void problems.push(`${member}: expected ${expected}, got ${describeValue(value)}; add it.`)
  for (const member of texts) if (!isText(given[member])) wants(member, 'a text', given[member])
  if (isText(given['name']) && !/^[a-z][a-z0-9-]{0,63}$/.test(given['name']))
    wants('name', 'lower-case letters, digits and hyphens', given['name'])
  if (!Number.isInteger(given['version']) || (given['version'] as number) < 1)
    wants('version', 'a whole number from 1 on', given['version'])
  if (!Array.isArray(given['cites']))
    wants('cites', 'a list of sources, empty where there is none', given['cites'])
  for (const [member, allowed] of Object.entries(choices))
    if (!(allowed as readonly unknown[]).includes(given[member]))
      wants(member, `one of ${allowed.join(', ')}`, given[member])
  for (const member of functions)
    if (typeof given[member] !== 'function') wants(member, 'a function', given[member])
  const book = isObject(given['guide']) ? given['guide'] : {}
  for (const member of guide) if (!isText(book[member])) wants(`guide.${member}`, 'a text', book[member])
  for (const member of ['mathematics', 'differences'])
    if (!Array.isArray(book[member])) wants(`guide.${member}`, 'a list of texts', book[member])
  const schema = isObject(given['schema']) ? given['schema'] : {}
  if (!isObject(schema['properties'])) wants('schema.properties', 'an object', schema['properties'])
  else
    for (const [key, property] of Object.entries(schema['properties']))
      if (!isObject(property) || !isText(property['description']))
        wants(
          `schema.properties.${key}.description`,
          'a text',
          isObject(property) ? property['description'] : property,
        )
  if (!isObject(given['defaults'])) wants('defaults', 'an object', given['defaults'])
  return problems
}

function trialRun(policy: AnyPolicy, start: PolicyStart): string[] {
  const configured = configure(policy, policy.example?.(start) ?? {}, start)
  if (!configured.ok)
    return [
      `Neither its defaults nor its example fit a run of ${start.domains.length} domains (${configured.problems.join(' ')}); give \`example(start)\`.`,
    ]
  const config = deepFreeze(configured.config) as Json
  let current = start.weights
  let state = deepFreeze(policy.initialState(config, start)) as Json
  for (const fact of factsOf(policy, config, start)) {
    const when = `after ${fact.kind} ${fact.step}`
    const next = policy.evolve(config, state, deepFreeze(fact)) as Json
    const again = policy.evolve(config, state, fact) as Json
    if (text(next) !== text(again))
      return [
        `evolve: expected the same state for the same input ${when}, got another; use no clock and no chance.`,
      ]
    if (!isPlain(next))
      return [
        `evolve: expected plain JSON ${when} (finite numbers, no undefined, no -0), got something that JSON changes.`,
      ]
    state = deepFreeze(next)
    const proposal = policy.decide(config, state, current)
    if (text(proposal) !== text(policy.decide(config, state, current)))
      return [`decide: expected the same answer for the same state ${when}, got another.`]
    const fault = faultOf(proposal, current)
    if (fault !== undefined) return [`decide: ${fault} ${when}.`]
    if (proposal.kind !== 'reweigh') continue
    current = proposal.weights
    state = deepFreeze(
      policy.evolve(config, state, { kind: 'mixture', step: fact.step, weights: current }) as Json,
    )
  }
  return []
}

function faultOf(proposal: Proposal, current: readonly number[]): string | undefined {
  if (proposal.kind === 'hold')
    return isText(proposal.because) ? undefined : 'expected a sentence that says why it holds, got none'
  if (!isText(proposal.because.summary)) return 'expected a sentence in because.summary, got none'
  if (proposal.kind === 'steer') return undefined
  const { weights, because } = proposal
  if (weights.length !== current.length) return `expected ${current.length} weights, got ${weights.length}`
  if (weights.some((weight) => !(weight >= 0 && weight < Infinity)))
    return 'expected finite weights of at least 0, got others'
  if (Math.abs(sum(weights) - 1) > 1e-9) return `expected weights that add up to 1, got ${sum(weights)}`
  const parts = Object.values(because.parts)
  const off = weights.findIndex((weight, i) => {
    let rest = weight - current[i]!
    for (const part of parts) rest -= part[i]!
    return !(Math.abs(rest) <= 1e-9)
  })
  return off < 0 ? undefined : 'expected parts that add up to the change, got others'
}

const startOf = (domains: number): PolicyStart => ({
  domains: Array.from({ length: domains }, (_, i) => ({ name: `domain-${i}`, tokens: 1e6 * (i + 1) })),
  weights: new Array<number>(domains).fill(1 / domains),
  horizon: { steps: 40, tokens: 1e6 },
})

/** Ordinary steps with evaluations between them, then what is rare. */
function* factsOf(policy: AnyPolicy, config: Json, { weights }: PolicyStart): Generator<PolicyFact> {
  const names = policy.signals(config)
  const { scores = [] } = policy.evaluations?.(config) ?? {}
  for (let step = 1; step <= 40; step++) {
    const size = step === 30 ? 1e300 : step === 31 ? 0 : 1
    const present = weights.map((_, i) => step !== 32 && (step !== 33 || i > 0))
    const column = (value: (i: number) => number) => present.map((is, i) => (is ? value(i) * size : 0))
    yield {
      kind: 'step',
      step,
      present,
      tokens: present.map((is, i) => (is ? 512 * (1 + ((step + i) % 3)) : 0)),
      lossSum: column((i) => 512 * (4 - step / 20 + i / 4)),
      sequences: present.map((is) => (is ? 4 : 0)),
      signals: Object.fromEntries(
        names.map((name, n) => [name, column((i) => 1 + ((step * 7 + n * 3 + i * 5) % 11))]),
      ),
      inForce: weights,
    }
    if (step % 4 === 0)
      yield {
        kind: 'evaluation',
        step,
        loss: weights.map((_, i) => (step === 36 ? null : 4 - step / 20 + i / 4)),
        scores: Object.fromEntries(scores.map((name, n) => [name, step / 40 + n / 10])),
      }
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const text = (value: unknown): string => JSON.stringify(value)

/** Whether JSON gives the value back as it is. */
function isPlain(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  if (Array.isArray(value)) return value.every(isPlain)
  return isObject(value) && Object.values(value).every(isPlain)
}
