import { configure } from '../configure.js'
import type { AnyPolicy, Json, PolicyStart } from '../policy.js'
import { UnknownPolicy } from '../unknown-policy.error.js'

/** Finds a policy by its name. Composite policies take it as an argument, since the registry holds them too. */
export type Find = (name: string) => AnyPolicy | undefined

/** The policy that a composite one holds, as its configuration names it. */
export type InnerChoice = {
  readonly policy: string
  readonly config?: Readonly<Record<string, Json>>
}

/** Members of a composite policy's schema. */
export const innerSchema = {
  policy: {
    description: 'Name of the policy inside: any that sets sampling probabilities.',
    type: 'string',
    minLength: 1,
  },
  config: { description: 'Its configuration; what is left out takes its defaults.', type: 'object' },
} as const

/** The policy inside and its configuration with defaults filled in. */
export function innerOf(
  find: Find,
  choice: InnerChoice,
): { readonly policy: AnyPolicy; readonly config: Json } {
  const policy = find(choice.policy)
  if (policy === undefined) throw new UnknownPolicy(choice.policy)
  return { policy, config: { ...(policy.defaults as Record<string, Json>), ...choice.config } }
}

/** What the policy inside needs, for a composite policy that passes all it is told on to it. */
export const needsOfInner = (find: Find) => ({
  signals: (choice: InnerChoice): readonly string[] => {
    const { policy, config } = innerOf(find, choice)
    return policy.signals(config)
  },
  evaluations: (choice: InnerChoice) => {
    const { policy, config } = innerOf(find, choice)
    return policy.evaluations?.(config) ?? {}
  },
  wants: (choice: InnerChoice, { inner }: { readonly inner: Json | null }) => {
    const { policy, config } = innerOf(find, choice)
    return inner === null ? undefined : policy.wants?.(config, inner)
  },
})

/** What is wrong with the policy inside for a run, in sentences that begin with the path. */
export function innerProblems(find: Find, choice: InnerChoice, start: PolicyStart): readonly string[] {
  const policy = find(choice.policy)
  if (policy === undefined)
    return [`policy: expected a known policy, got "${choice.policy}"; choose one from the registry.`]
  if (policy.meaning !== 'samplingProbability')
    return [
      `policy: expected a policy that sets sampling probabilities, got ${policy.name}, whose weights multiply losses; run it on its own.`,
    ]
  const configured = configure(policy, choice.config, start)
  return configured.ok ? [] : configured.problems.map((problem) => `config: ${problem}`)
}
