import { describe, expect, it } from 'vitest'
import { agent } from './agent.policy.js'
import type { AgentManifest } from './agent-manifest.js'
import { configure } from '../configure.js'
import { findPolicy } from '../registry.js'
import type { EvaluationFact, PolicyFact, PolicyStart, Proposal } from '../policy.js'
import { stepWith } from '../step-fact.fixture.js'
import { sum } from '../numerics/sum.js'

const model = 'a'.repeat(64)
const manifest: AgentManifest = {
  name: 'mixer',
  model,
  opset: 17,
  domains: ['web', 'code', 'books'],
  feedback: [
    { name: 'exam', from: 'score', mean: 0.5, scale: 0.25 },
    { name: 'code', from: 'loss', mean: 3, scale: 2 },
  ],
  history: 3,
  intervalTokens: 10_000,
  progress: false,
  output: 'distribution',
}
const source = `mixer@sha256:${model}`
/** The run lists its domains in another order than the manifest. */
const start: PolicyStart = {
  domains: [{ name: 'books' }, { name: 'web' }, { name: 'code' }],
  weights: [0.5, 0.3, 0.2],
  horizon: { steps: 100 },
}
type Given = { readonly [key: string]: unknown; readonly manifest?: Partial<AgentManifest> }

function ready(given: Given = {}, of: PolicyStart = start) {
  const configured = configure(agent, { ...given, manifest: { ...manifest, ...given.manifest } }, of)
  if (!configured.ok) throw new Error(configured.problems.join(' '))
  return configured.config
}
const problemsOf = (given: object, of: PolicyStart = start) => {
  const configured = configure(agent, given, of)
  return configured.ok ? [] : configured.problems
}
const evaluated = (step: number, exam: number, code: number): EvaluationFact => ({
  kind: 'evaluation',
  step,
  loss: [null, null, code],
  scores: { exam },
})
const advised = (step: number, values: readonly number[], more: object = {}): PolicyFact => ({
  kind: 'advice',
  step,
  source,
  values,
  ...more,
})
const mixture = (step: number, weights: readonly number[]): PolicyFact => ({ kind: 'mixture', step, weights })

function after(facts: readonly PolicyFact[], given: Given = {}, of: PolicyStart = start) {
  const config = ready(given, of)
  let state = agent.initialState(config, of)
  for (const fact of facts) state = agent.evolve(config, state, fact)
  return {
    state,
    wants: () => agent.wants!(config, state),
    decide: (current: readonly number[] = of.weights) => agent.decide(config, state, current),
  }
}
const held = (proposal: Proposal) => {
  if (proposal.kind !== 'hold') throw new Error(`It wants ${JSON.stringify(proposal)}.`)
  return proposal.because
}
const weightsOf = (proposal: Proposal) => {
  if (proposal.kind !== 'reweigh') throw new Error(`It says ${JSON.stringify(proposal)}.`)
  return proposal.weights
}
const title = 'The agent mixer (model aaaaaaaaaaaa…)'

describe('what an agent is asked', () => {
  it('asks nothing before an evaluation has carried every number that the manifest names', () => {
    const nothing = after([stepWith(0, [1, 2, 3], start.weights)])
    expect(nothing.wants()).toBeUndefined()
    expect(held(nothing.decide())).toBe('No feedback yet: no evaluation has carried exam, the loss of code.')
    const half = after([{ ...evaluated(9, 0.6, 4), scores: {} }])
    expect(half.wants()).toBeUndefined()
    expect(held(half.decide())).toBe('No complete feedback yet: the evaluation of step 9 lacks exam.')
  })

  it('asks with the mixture in the order of the manifest and the feedback normalised by it', () => {
    const { wants, decide } = after([evaluated(9, 0.75, 4)])
    expect(wants()).toEqual({
      kind: 'onnx',
      step: 9,
      source,
      model,
      manifest,
      inputs: { distributions: [[0.3, 0.2, 0.5]], feedback: [[1, 0.5]] },
    })
    expect(held(decide())).toBe(`${title} has not answered the evaluation of step 9 yet.`)
  })

  it('puts an evaluation together from several messages of one step, and counts the first complete one', () => {
    const parts: PolicyFact[] = [
      { kind: 'evaluation', step: 9, loss: [null, null, 4], scores: {} },
      { kind: 'evaluation', step: 9, loss: [null, null, null], scores: { exam: 0.75 } },
    ]
    expect(after(parts).wants()?.inputs.feedback).toEqual([[1, 0.5]])
    const { wants } = after([...parts, evaluated(9, 0, 9), evaluated(3, 0, 9)])
    expect(wants()?.inputs.feedback).toEqual([[1, 0.5]])
  })

  it('keeps the newest entries: applied mixtures, not proposed ones, and none that came after the step', () => {
    const { wants } = after([
      evaluated(9, 0.5, 3),
      advised(9, [0.2, 0.2, 0.6]),
      // The guard rails let it go half-way; a person then sets another one in the same breath.
      mixture(10, [0.55, 0.25, 0.2]),
      mixture(10, [0.6, 0.2, 0.2]),
      // Decided at the step of the next evaluation: no step of that interval was sampled under it.
      mixture(19, [1, 0, 0]),
      evaluated(19, 0.75, 3),
      mixture(25, [0, 1, 0]),
      evaluated(29, 1, 3),
      evaluated(39, 1.25, 3),
    ])
    expect(wants()?.inputs).toEqual({
      distributions: [
        [0.2, 0.2, 0.6],
        [1, 0, 0],
        [1, 0, 0],
      ],
      feedback: [
        [1, 0],
        [2, 0],
        [3, 0],
      ],
    })
  })

  it('tells how much of the run is over where the model is told of it: by tokens, or by steps', () => {
    const tell = { manifest: { progress: true } }
    expect(after([evaluated(25, 0.5, 3)], tell).wants()?.inputs.progress).toBe(0.25)
    const byTokens = { ...start, horizon: { steps: 100, tokens: 30_720 } }
    const facts = [1, 2].map((step) => stepWith(step, [1, 2, 3], start.weights))
    expect(after([...facts, evaluated(2, 0.5, 3)], tell, byTokens).wants()?.inputs.progress).toBe(0.2)
  })

  it('waits for the tokens of an interval where it is asked to', () => {
    const pace = { interval: 'tokens' }
    const four = [1, 2, 3, 4].map((step) => stepWith(step, [1, 2, 3], start.weights))
    const early = after([...four.slice(0, 3), evaluated(3, 0.5, 3)], pace)
    expect(early.wants()).toBeUndefined()
    expect(held(early.decide())).toBe(
      'No feedback yet: no evaluation has carried exam, the loss of code at least 10000 tokens into the run.',
    )
    expect(after([...four, evaluated(4, 0.5, 3)], pace).wants()?.step).toBe(4)
    expect(after([...four, evaluated(4, 0.5, 3), evaluated(5, 0.5, 3)], pace).wants()?.step).toBe(4)
  })

  it('says what it reads from evaluations', () => {
    expect(agent.evaluations!(ready())).toEqual({ loss: true, scores: ['exam'] })
    expect(agent.evaluations!(agent.defaults)).toEqual({})
  })
})

describe('what becomes of an answer', () => {
  it('a distribution is the next mixture, by the names of the domains, explained to the last bit', () => {
    const { wants, decide } = after([evaluated(9, 0.5, 3), advised(9, [0.2, 0.2, 0.6])])
    expect(wants()).toBeUndefined()
    const proposal = decide()
    expect(weightsOf(proposal)).toEqual([0.6, 0.2, 0.2])
    expect(proposal).toMatchObject({
      because: {
        summary: `${title} answered the evaluation of step 9: books gains 0.100, web loses 0.100.`,
        parts: { agent: [0.6 - 0.5, 0.2 - 0.3, 0] },
      },
    })
  })

  it('identity: an agent that returns the mixture the run has changes nothing', () => {
    const { decide } = after([evaluated(9, 0.5, 3), advised(9, [0.3, 0.2, 0.5])])
    expect(held(decide())).toBe('The agent asks for the mixture that is already in force.')
  })

  it('zeros as logits are the uniform mixture; any logits are their softmax', () => {
    const logits = { manifest: { output: 'logits' as const } }
    expect(weightsOf(after([evaluated(9, 0.5, 3), advised(9, [0, 0, 0])], logits).decide())).toEqual([
      1 / 3,
      1 / 3,
      1 / 3,
    ])
    const { decide } = after([evaluated(9, 0.5, 3), advised(9, [0, Math.log(2), 1000])], logits)
    expect(weightsOf(decide())).toEqual([1, 0, 0])
  })

  it.each([
    ['NaN', [Number.NaN, 0.5, 0.5], 'a number that is not finite'],
    ['infinity', [Infinity, 0, 0], 'a number that is not finite'],
    ['a wrong K', [0.25, 0.25, 0.25, 0.25], '4 numbers where its manifest names 3 domains'],
    ['nothing', [], '0 numbers where its manifest names 3 domains'],
    ['a negative share', [-0.1, 0.6, 0.5], 'a negative share (-0.1)'],
    ['a sum of 1.002', [0.5, 0.25, 0.252], 'shares that add up to 1.002, which is no distribution'],
  ])('%s keeps the last weights, with the reason', (_what, values, part) => {
    const { state, wants, decide } = after([evaluated(9, 0.5, 3), advised(9, values)])
    expect(held(decide())).toBe(`${title} answered with ${part}; the mixture stays as it is.`)
    expect(wants()).toBeUndefined()
    expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state)
  })

  it('a sum within 0.001 of one is renormalised', () => {
    const { decide } = after([evaluated(9, 0.5, 3), advised(9, [0.2, 0.2, 0.6009])])
    expect(Math.abs(sum(weightsOf(decide())) - 1)).toBeLessThanOrEqual(1e-15)
  })

  it('nobody there to answer: the sentence of whoever tried is the reason', () => {
    const { decide } = after([evaluated(9, 0.5, 3), advised(9, [], { because: 'There is no such model' })])
    expect(held(decide())).toBe(`${title} gave no answer: There is no such model.`)
  })

  it('what others say, what is said of another step, and a second answer change nothing', () => {
    const asked = [evaluated(9, 0.5, 3)]
    const { decide, state } = after([...asked, advised(9, [0.2, 0.2, 0.6])])
    expect(
      after([
        advised(9, [1, 0, 0]),
        ...asked,
        advised(8, [1, 0, 0]),
        advised(9, [1, 0, 0], { source: 'somebody else' }),
        advised(9, [0.2, 0.2, 0.6]),
        advised(9, [1, 0, 0]),
      ]).state,
    ).toEqual(state)
    expect(decide().kind).toBe('reweigh')
  })

  it('one decision an answer: it holds after it, and after anybody else set the mixture, until the next', () => {
    const facts = [evaluated(9, 0.5, 3), advised(9, [0.2, 0.2, 0.6]), mixture(10, [0.6, 0.2, 0.2])]
    expect(held(after(facts).decide([0.6, 0.2, 0.2]))).toBe(
      'No new advice since that on the evaluation of step 9.',
    )
    const next = [...facts, evaluated(19, 0.5, 3), advised(19, [0.3, 0.1, 0.6])]
    expect(after(next).decide([0.6, 0.2, 0.2]).kind).toBe('reweigh')
  })

  it('mixes the floor in, and goes no farther than the largest total variation', () => {
    const facts = [evaluated(9, 0.5, 3), advised(9, [0, 0, 1])]
    expect(weightsOf(after(facts, { floor: 0.1 }).decide())).toEqual([0.7 + 0.1, 0.1, 0.1])
    const proposal = after(facts, { floor: 0.1, largestTotalVariation: 0.15 }).decide()
    const weights = weightsOf(proposal)
    expect(sum(weights.map((weight, i) => Math.abs(weight - start.weights[i]!))) / 2).toBeCloseTo(0.15, 12)
    expect(weights[0]).toBeCloseTo(0.65, 12)
    const { because } = proposal as Extract<Proposal, { kind: 'reweigh' }>
    expect(Object.keys(because.parts)).toEqual(['agent', 'floor', 'changeCap'])
    expect(because.summary).toContain('held to the largest total variation')
    weights.forEach((weight, i) => {
      const explained = sum(Object.values(because.parts).map((part) => part[i]!))
      expect(explained).toBeCloseTo(weight - start.weights[i]!, 12)
    })
  })

  it('does not care in which order the run lists the domains', () => {
    const facts = [evaluated(9, 0.5, 3), advised(9, [0.1, 0.2, 0.7])]
    const listed = {
      ...start,
      domains: [{ name: 'code' }, { name: 'books' }, { name: 'web' }],
      weights: [0.2, 0.5, 0.3],
    }
    const own = [{ ...evaluated(9, 0.5, 3), loss: [3, null, null] }, facts[1]!]
    expect(after(own, {}, listed).wants()).toEqual(after(facts).wants())
    expect(weightsOf(after(own, {}, listed).decide())).toEqual([0.2, 0.7, 0.1])
    expect(weightsOf(after(facts).decide())).toEqual([0.7, 0.1, 0.2])
  })
})

describe('whom it refuses', () => {
  it('a run without a manifest, or whose domains are not those of the manifest, one to one', () => {
    expect(problemsOf({})).toEqual([
      expect.stringMatching(/^manifest: expected the manifest of an agent, got none/),
    ])
    const fewer = { ...start, domains: start.domains.slice(1), weights: [0.6, 0.4] }
    expect(problemsOf({ manifest }, fewer)).toEqual([
      'manifest.domains: expected the 2 domains of this run, got 3; only in the run: none; only in the manifest: books. Take an agent that was trained for these domains.',
    ])
    const renamed = { ...start, domains: [{ name: 'web' }, { name: 'Code' }, { name: 'books' }] }
    expect(problemsOf({ manifest }, renamed)).toEqual([
      expect.stringContaining('only in the run: Code; only in the manifest: code.'),
    ])
  })

  it('a manifest that is wrong in itself, with every fault in a sentence', () => {
    const wrong = {
      ...manifest,
      model: 'abc',
      domains: ['web', 'code', 'books', 'web'],
      feedback: [
        ...manifest.feedback,
        manifest.feedback[0],
        { name: 'news', from: 'loss', mean: 0, scale: 1 },
      ],
      golden: {
        distributions: [[1]],
        feedback: [
          [1, 2],
          [1, 2],
        ],
        progress: 0.5,
        output: [1, 2],
      },
    }
    const problems = problemsOf({ manifest: wrong })
    for (const part of [
      'manifest.model: expected a SHA-256 in 64 hexadecimal digits, got "abc"',
      'manifest.domains: expected every name once, got web twice',
      'manifest.feedback: expected every number once, got score exam twice',
      'manifest.feedback: expected losses of domains that the manifest names, got news',
      'manifest.golden.distributions: expected rows of 4 numbers',
      'manifest.golden.feedback: expected rows of 4 numbers',
      'manifest.golden.feedback: expected a row for every distribution',
      'manifest.golden.output: expected 4 numbers',
      'manifest.golden.progress: expected none',
    ])
      expect(problems).toContainEqual(expect.stringContaining(part))
    expect(
      problemsOf({ manifest: { ...manifest, feedback: [{ ...manifest.feedback[0], scale: 0 }] } }),
    ).toEqual([expect.stringContaining('manifest.feedback[0].scale: expected a number')])
  })

  it('progress without a horizon, and a floor that leaves nothing to decide', () => {
    const { horizon: _, ...endless } = start
    expect(problemsOf({ manifest: { ...manifest, progress: true } }, endless)).toEqual([
      expect.stringContaining('manifest.progress: expected a run that declares its horizon'),
    ])
    expect(problemsOf({ manifest, floor: 0.4 })).toEqual([
      expect.stringContaining('floor: expected at most 1/3 with 3 domains, got 0.4'),
    ])
  })
})

it('stays finite whatever an evaluation says, and holds no more than the manifest’s history', () => {
  const extremes = [0, -0, 1e300, -1e300, 5e-324]
  const facts = extremes.map((value, i) => evaluated(i, value, -value))
  const { wants, state } = after(facts, {
    manifest: { feedback: [{ ...manifest.feedback[0]!, scale: 5e-324 }, manifest.feedback[1]!] },
  })
  expect(state.history).toHaveLength(3)
  for (const row of wants()!.inputs.feedback) expect(row.every(Number.isFinite)).toBe(true)
  expect(JSON.parse(JSON.stringify([state, wants()]))).toStrictEqual([state, wants()])
})

it('asks through composite policies as if it were alone, and is answered through them', () => {
  const inner = { policy: 'agent', config: { manifest } }
  const composites: readonly [string, object][] = [
    ['filtered', inner],
    ['blend', { ...inner, mixture: 'uniform', share: 0.1 }],
    ['warm-up', { ...inner, until: { steps: 3 } }],
    ['schedule', { phases: [{ policy: 'natural', until: { steps: 3 } }, inner] }],
  ]
  for (const [name, given] of composites) {
    const policy = findPolicy(name)!
    const configured = configure(policy, given, {
      ...start,
      domains: start.domains.map((one) => ({ ...one, tokens: 1 })),
    })
    if (!configured.ok) throw new Error(configured.problems.join(' '))
    const { config } = configured
    let state: unknown = policy.initialState(config, start)
    for (const fact of [stepWith(4, [1, 2, 3], start.weights), evaluated(9, 0.75, 4)])
      state = policy.evolve(config, state, fact)
    expect(policy.wants!(config, state), name).toMatchObject({
      step: 9,
      source,
      inputs: { feedback: [[1, 0.5]] },
    })
    state = policy.evolve(config, state, advised(9, [0.2, 0.2, 0.6]))
    expect(policy.wants!(config, state), name).toBeUndefined()
    expect(policy.decide(config, state, start.weights).kind, name).toBe('reweigh')
  }
})
