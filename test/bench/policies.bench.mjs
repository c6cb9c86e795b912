// What a step costs in every policy of the registry: folding it in, and asking what to do.
import { configure, policies } from '@mixdesk/policies'
import { median, show, spread } from './support/numbers.mjs'
import { domainsNamed } from './support/wire.mjs'

const sizes = [8, 24, 64, 1024]
/** Settings beyond the defaults; `online` policies decide from losses while training goes on. */
const cases = policies.flatMap((policy) => {
  if (policy.name === 'odm')
    return ['official-smoothed', 'official-exp3', 'paper'].map((variant) => ({
      policy,
      given: { variant },
      online: true,
    }))
  if (policy.name === 'doremi')
    return ['official', 'paper'].map((variant) => ({ policy, given: { variant }, online: true }))
  if (policy.name === 'schedule')
    return [
      {
        policy,
        given: { phases: [{ policy: 'uniform', until: { steps: 100 } }, { policy: 'odm' }] },
        online: true,
      },
    ]
  return [{ policy, given: {}, online: false }]
})
const label = ({ policy, given }) => [policy.name, given.variant].filter(Boolean).join(' ')

export const policySteps = {
  name: 'policies',
  title: 'Policy steps',
  question:
    'What does one step cost in the policies themselves: `evolve` with a step of all domains, then `decide`?',

  async run({ quick }) {
    const rounds = quick ? 3 : 7
    const budgetMs = quick ? 15 : 60
    const rows = []
    let worst = { micros: 0 }
    for (const one of cases) {
      const measured = sizes.map((size) => stepCost(one, size, rounds, budgetMs))
      const micros = median(measured[sizes.indexOf(24)])
      if (one.online && micros > worst.micros) worst = { micros, name: label(one) }
      rows.push([label(one), ...measured.map((values) => spread(values))])
    }
    return {
      facts: [
        `Mean over as many steps as fit in ${budgetMs} ms, ${rounds} rounds after a warm-up; µs a step, in one thread. Every tenth decision is adopted, so that \`evolve\` sees mixtures too. There is no engine to stand beside: the costs of the whole loop are those of "Sustained ingest".`,
      ],
      table: { head: ['µs a step', ...sizes.map((size) => `${size} domains`)], rows },
      goals: [
        {
          goal: 'online policies below 20 µs at 24 domains',
          value: `${show(worst.micros)} µs (${worst.name})`,
          met: worst.micros < 20,
        },
      ],
      flatters: [
        'Every domain is present in every step, all state is in cache, and nothing else runs in the thread.',
      ],
    }
  },
}

function stepCost({ policy, given }, size, rounds, budgetMs) {
  const start = {
    domains: domainsNamed(size).map((domain, i) => ({ ...domain, tokens: 1e6 * (i + 1) })),
    weights: new Array(size).fill(1 / size),
    horizon: { steps: 1_000_000 },
  }
  const configured = configure(policy, given, start)
  if (!configured.ok) throw new Error(`${policy.name}: ${configured.problems.join(' ')}`)
  const { config } = configured
  const facts = Array.from({ length: 64 }, (_, i) => factOf(i, size))
  let state = policy.initialState(config, start)
  let current = start.weights
  let step = 1000
  const turn = () => {
    step++
    state = policy.evolve(config, state, { ...facts[step % facts.length], step, inForce: current })
    const proposal = policy.decide(config, state, current)
    if (step % 10 !== 0 || proposal.kind !== 'reweigh') return
    current = proposal.weights
    state = policy.evolve(config, state, { kind: 'mixture', step, weights: current })
  }
  const round = () => {
    const began = performance.now()
    let turns = 0
    while (performance.now() - began < budgetMs) for (let i = 0; i < 10; i++, turns++) turn()
    return ((performance.now() - began) * 1000) / turns
  }
  for (let i = 0; i < 3; i++) round()
  return Array.from({ length: rounds }, round)
}

function factOf(i, size) {
  const tokens = Array.from({ length: size }, (_, d) => 1024 + ((i * 31 + d * 7) % 512))
  const lossSum = tokens.map((count, d) => count * (1.5 + (d % 24) / 16 + 0.1 * Math.sin(7 * i + 5 * d)))
  return {
    kind: 'step',
    step: i,
    present: new Array(size).fill(true),
    tokens,
    lossSum,
    sequences: new Array(size).fill(4),
    signals: { clippedExcessSum: lossSum.map((sum) => sum / 10) },
    inForce: [],
  }
}
