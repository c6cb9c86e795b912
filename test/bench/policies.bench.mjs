// What a step costs in every policy of the registry: folding it in, and asking what to do.
import { findPolicy } from '@mixdesk/policies'
import { median, show, spread } from './support/numbers.mjs'
import { cases, configured, evaluationFactOf, startOf, stepFactOf } from './support/policy-cases.mjs'

const sizes = [8, 24, 64, 1024]
/** The size that goals speak of. */
const usual = 24
/** Steps after which state is weighed; if the last has more than the one before, it grows with the run. */
const ages = [1000, 5000, 10_000]
/** JSON has more or fewer digits from step to step. */
const grew = (before, after) => after > 1.05 * before + 200
/** Policies that solve an allocation or fit curves when they are asked: theirs is the cost of a decision, not of a step. */
const costlyDecisions = ['knapsack', 'cures', 'equitable']
/** How long a case runs before it is timed. */
const warmUpMs = 200
/** The time this process had, whoever else wanted the cores. */
function cpuMicros() {
  const { user, system } = process.cpuUsage()
  return user + system
}

export const policySteps = {
  name: 'policies',
  title: 'Policy steps',
  question:
    'What does one step cost in the policies themselves: `evolve` with a step of all domains, then `decide`? And does their state grow with the run?',
  /** It needs no engines. */
  alone: true,

  async run({ quick, say }) {
    const rounds = quick ? 3 : 5
    const budgetMs = quick ? 8 : 30
    const growing = []
    const worst = { asked: { micros: 0 }, usually: { micros: 0 } }
    const note = (kind, label, values) => {
      const micros = median(values)
      if (micros > worst[kind].micros) worst[kind] = { micros, label }
    }
    const rows = cases.map((one) => {
      say(one.label)
      const asked = sizes.map((size) => stepCost(one, size, 1, rounds, budgetMs))
      const usually = stepCost(one, usual, 10, rounds, budgetMs)
      if (!costlyDecisions.includes(one.policy.name)) note('asked', one.label, asked[sizes.indexOf(usual)])
      note('usually', one.label, usually)
      const bytes = ages.map((steps) => stateSize(one, steps))
      if (grew(bytes.at(-2), bytes.at(-1))) growing.push(one.label)
      return [
        one.label,
        ...asked.map((values) => spread(values)),
        spread(usually),
        evaluationCost(one),
        ...bytes.slice(0, 2).map((size) => show(size / 1000)),
      ]
    })
    const refits = [usual, 64].map(
      (size) =>
        `${size} domains: ${spread(refitCosts(size, quick ? 2 : 5).map((micros) => micros / 1000))} ms`,
    )
    return {
      facts: [
        `Processor time, µs a step in one thread: the mean over as many steps as fit in ${budgetMs} ms, ${rounds} rounds after a warm-up. \`decide\` is asked in every step, but in one column, where it is asked in every tenth, as in runs that say nothing else. Every tenth decision is adopted, so that \`evolve\` sees mixtures too. An evaluation is folded by itself, with the decision after it. State is the JSON of ${usual} domains. There is no engine to stand beside: the costs of the whole loop are those of "Sustained ingest".`,
      ],
      table: {
        head: [
          'µs a step',
          ...sizes.map((size) => `${size.toLocaleString('en-US')} domains`),
          `${usual}, asked every 10th`,
          `an evaluation, ${usual}`,
          ...ages.slice(0, 2).map((steps) => `kB after ${steps.toLocaleString('en-US')}`),
        ],
        rows,
      },
      also: [
        `A refit of ADO's laws, once in \`refitEvery\` steps, through 128 points a domain: ${refits.join('; ')}.`,
      ],
      goals: [
        {
          goal: `online policies below 20 µs at ${usual} domains, asked in every step (but ${costlyDecisions.join(', ')})`,
          value: `${show(worst.asked.micros)} µs (${worst.asked.label})`,
          met: worst.asked.micros < 20,
        },
        {
          goal: `every policy below 20 µs a step at ${usual} domains, asked in every tenth; refits and evaluations apart`,
          value: `${show(worst.usually.micros)} µs (${worst.usually.label})`,
          met: worst.usually.micros < 20,
        },
        {
          goal: 'no state grows with the run',
          value: growing.length === 0 ? `none of ${cases.length}` : growing.join(', '),
          met: growing.length === 0,
        },
      ],
      flatters: [
        'Every domain is present in every step, all state is in cache, and nothing else runs in the thread.',
      ],
    }
  },
}

/** A run of a policy that can be told steps and evaluations. */
function follow({ policy, configIn }, size) {
  const start = startOf(size)
  const config = configIn(start)
  const reads = policy.evaluations?.(config) ?? {}
  const facts = Array.from({ length: 64 }, (_, i) => stepFactOf(i, size, policy.signals(config)))
  let state = policy.initialState(config, start)
  let current = start.weights
  let step = -1
  const decide = () => {
    const proposal = policy.decide(config, state, current)
    if (step % 10 !== 0 || proposal.kind !== 'reweigh') return
    current = proposal.weights
    state = policy.evolve(config, state, { kind: 'mixture', step, weights: current })
  }
  return {
    isEvaluated: reads.loss === true || (reads.scores ?? []).length > 0,
    step(askEvery) {
      step++
      state = policy.evolve(config, state, { ...facts[step % facts.length], step, inForce: current })
      if (step % askEvery === 0) decide()
    },
    evaluate() {
      state = policy.evolve(config, state, evaluationFactOf(step, size, reads.scores ?? []))
      decide()
    },
    state: () => state,
  }
}

/** Far enough that rules have evidence: the first laws of ADO, a few evaluations. */
function begin(one, size, steps = 1000) {
  const run = follow(one, size)
  for (let i = 0; i < steps; i++) {
    run.step(10)
    if (run.isEvaluated && i % 100 === 99) run.evaluate()
  }
  return run
}

function stepCost(one, size, askEvery, rounds, budgetMs) {
  const run = begin(one, size)
  const round = () => {
    const began = cpuMicros()
    let turns = 0
    while (cpuMicros() - began < 1000 * budgetMs) for (let i = 0; i < 10; i++, turns++) run.step(askEvery)
    return (cpuMicros() - began) / turns
  }
  // The compiler takes its time, which is this process's time too.
  const began = cpuMicros()
  while (cpuMicros() - began < 1000 * warmUpMs) round()
  return Array.from({ length: rounds }, round)
}

function evaluationCost(one) {
  const run = begin(one, usual)
  if (!run.isEvaluated) return '–'
  const micros = Array.from({ length: 40 }, () => {
    for (let i = 0; i < 20; i++) run.step(10)
    const began = cpuMicros()
    run.evaluate()
    return cpuMicros() - began
  })
  return show(median(micros))
}

function stateSize(one, steps) {
  return JSON.stringify(begin(one, usual, steps).state()).length
}

/** Time of the steps that fit laws, with as many points as are ever kept. */
function refitCosts(size, times) {
  const policy = findPolicy('ado')
  const way = { startStep: 2000, ignoreSteps: 0, refitEvery: 500 }
  const run = follow({ policy, configIn: (start) => configured(policy, way, start) }, size)
  const costs = []
  for (let step = 0; costs.length < times; step++) {
    const began = cpuMicros()
    run.step(10)
    if (step >= 2000 && step % 500 === 0) costs.push(cpuMicros() - began)
  }
  return costs
}
