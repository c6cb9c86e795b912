import type { AgentInputs } from '../policy.js'
import type { Schema } from '../validate.js'

/**
 * What a learned agent says of itself, in a file beside its model: what it speaks of, in which order and in which units. A
 * run carries it in its configuration, so that its decisions hang on the log alone.
 */
export type AgentManifest = {
  readonly name: string
  /** SHA-256 of the model's file, in hexadecimal. */
  readonly model: string
  /** Newest operator set of ONNX's own domain that the model needs. */
  readonly opset: number
  readonly domains: readonly string[]
  readonly feedback: readonly AgentFeedback[]
  /** Entries of the history that the model sees (T). */
  readonly history: number
  /** Tokens between two entries when it was trained. */
  readonly intervalTokens: number
  /** Whether it is told how much of the run is over. */
  readonly progress: boolean
  readonly output: 'logits' | 'distribution'
  /** Inputs, and what the model must answer to them before it is believed. */
  readonly golden?: AgentInputs & { readonly output: readonly number[] }
}

/** One number of an evaluation: a score by the name of its task, or the held-out loss of a domain. */
export type AgentFeedback = {
  readonly name: string
  readonly from: 'score' | 'loss'
  readonly mean: number
  readonly scale: number
}

const numbers = (description: string) => ({ description, type: 'array', items: { type: 'number' } })
const rows = (description: string) => ({
  description,
  type: 'array',
  items: numbers('One entry.'),
  minItems: 1,
})

export const manifestSchema = {
  type: 'object',
  properties: {
    name: { description: 'Name of the agent.', type: 'string', minLength: 1 },
    model: { description: 'SHA-256 of the model’s file, 64 hexadecimal digits.', type: 'string' },
    opset: { description: 'Operator set of ONNX that the model needs.', type: 'integer', minimum: 1 },
    domains: {
      description: 'Domains it speaks of, in the order of its inputs and its output.',
      type: 'array',
      items: { type: 'string', minLength: 1 },
      minItems: 1,
      maxItems: 4096,
    },
    feedback: {
      description: 'Numbers of an evaluation that it is told, in its order.',
      type: 'array',
      items: {
        type: 'object',
        properties: {
          name: { description: 'Name of the task or of the domain.', type: 'string', minLength: 1 },
          from: { description: 'score: of a task; loss: held-out, of a domain.', enum: ['score', 'loss'] },
          mean: { description: 'Taken off first.', type: 'number' },
          scale: { description: 'Divided by then.', type: 'number', exclusiveMinimum: 0 },
        },
        required: ['name', 'from', 'mean', 'scale'],
        additionalProperties: false,
      },
      minItems: 1,
      maxItems: 4096,
    },
    history: { description: 'Entries of the history it sees.', type: 'integer', minimum: 1, maximum: 256 },
    intervalTokens: {
      description: 'Tokens between two entries when it was trained.',
      type: 'number',
      exclusiveMinimum: 0,
    },
    progress: { description: 'Whether it is told how much of the run is over.', type: 'boolean' },
    output: {
      description: 'logits: softmax gives the distribution; distribution: it is one already.',
      enum: ['logits', 'distribution'],
    },
    golden: {
      description: 'Inputs and the answer to them, checked when the model is loaded.',
      type: 'object',
      properties: {
        distributions: rows('Mixtures, oldest first.'),
        feedback: rows('Feedback after each, normalised.'),
        progress: { description: 'Share of the run that is over.', type: 'number', minimum: 0, maximum: 1 },
        output: numbers('The answer, as the model gives it.'),
      },
      required: ['distributions', 'feedback', 'output'],
      additionalProperties: false,
    },
  },
  required: [
    'name',
    'model',
    'opset',
    'domains',
    'feedback',
    'history',
    'intervalTokens',
    'progress',
    'output',
  ],
  additionalProperties: false,
} as const satisfies Schema

/** A source of advice has room for a name and a digest. */
const longestName = 128

/** Relations that the schema cannot say, in sentences; for a manifest that fits the schema. */
export function manifestProblems(manifest: AgentManifest, path = 'manifest'): readonly string[] {
  const { name, model, domains, feedback } = manifest
  const problems: string[] = []
  if (name.length > longestName)
    problems.push(`${path}.name: expected at most ${longestName} characters, got ${name.length}; shorten it.`)
  if (!/^[0-9a-f]{64}$/.test(model))
    problems.push(
      `${path}.model: expected a SHA-256 in 64 hexadecimal digits, got "${model.slice(0, 70)}"; say what sha256sum says of the model’s file.`,
    )
  const sameDomains = twice(domains)
  if (sameDomains.length > 0)
    problems.push(
      `${path}.domains: expected every name once, got ${sameDomains.join(', ')} twice; remove one.`,
    )
  const sameFeedback = twice(feedback.map((one) => `${one.from} ${one.name}`))
  if (sameFeedback.length > 0)
    problems.push(
      `${path}.feedback: expected every number once, got ${sameFeedback.join(', ')} twice; remove one.`,
    )
  const known = new Set(domains)
  const strangers = feedback.filter((one) => one.from === 'loss' && !known.has(one.name))
  if (strangers.length > 0)
    problems.push(
      `${path}.feedback: expected losses of domains that the manifest names, got ${strangers.map((one) => one.name).join(', ')}; correct the name, or say that it is a score.`,
    )
  return [...problems, ...goldenProblems(manifest, path)]
}

function goldenProblems(
  { domains, feedback, progress, golden }: AgentManifest,
  path: string,
): readonly string[] {
  if (golden === undefined) return []
  const problems: string[] = []
  const wide = (values: readonly (readonly number[])[], width: number) =>
    values.every((row) => row.length === width)
  const expected = (member: string, what: string) =>
    void problems.push(`${path}.golden.${member}: expected ${what}, got something else; make it anew.`)
  if (!wide(golden.distributions, domains.length))
    expected('distributions', `rows of ${domains.length} numbers`)
  if (!wide(golden.feedback, feedback.length)) expected('feedback', `rows of ${feedback.length} numbers`)
  if (golden.distributions.length !== golden.feedback.length)
    expected('feedback', 'a row for every distribution')
  if (golden.output.length !== domains.length) expected('output', `${domains.length} numbers`)
  if ((golden.progress !== undefined) !== progress)
    expected(
      'progress',
      progress ? 'a share, because the model is told of it' : 'none, because the model is not told',
    )
  return problems
}

function twice(names: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  return names.filter((name) => seen.size === seen.add(name).size)
}

/** Who answers, as advice names it. */
export const agentSource = ({ name, model }: AgentManifest): string => `${name}@sha256:${model}`

/** The same for people. */
export const agentTitle = ({ name, model }: AgentManifest): string =>
  `The agent ${name} (model ${model.slice(0, 12)}…)`
