/** Whether a domain of the run is one prompt, told by counts, or a group of prompts, told by a histogram. */
export type Unit = 'prompt' | 'domain'

/** Settings that mean the same wherever prompts are counted; `bins` and `rolloutsPerPrompt` still want a description. */
export const promptSchema = {
  unit: {
    description: 'What a domain of the run is: one prompt, or a group of prompts.',
    enum: ['prompt', 'domain'],
  },
  rolloutsPerPrompt: { type: 'integer', minimum: 1, maximum: 4096 },
  totalBudget: {
    description: 'Rollouts of all prompts together; null is rolloutsPerPrompt for each (unit `prompt` only).',
    type: ['integer', 'null'],
    minimum: 0,
  },
  /** Rollouts behind a histogram. Each bin is a signal of its own, so that there cannot be any number of them. */
  bins: { type: 'integer', minimum: 1, maximum: 256 },
  memory: {
    description:
      'Share of the older prompts that is kept at every step that brings new ones (unit `domain` only).',
    type: 'number',
    minimum: 0,
    maximum: 1,
  },
} as const

/** With unit `domain` nobody knows how many prompts a total is for. */
export function totalBudgetProblems(totalBudget: number | null): readonly string[] {
  return totalBudget === null
    ? []
    : [
        `totalBudget: expected null with unit \`domain\`, where it is rolloutsPerPrompt for each prompt, got ${totalBudget}; remove it.`,
      ]
}
