/** Losses of evaluation skills by name, nats per token. */
type Losses = Readonly<Record<string, number>>

/** A run that trained on one domain alone, or (brute force) on two together, for as many steps as the others. */
export type FinishedSkillRun = {
  readonly trainedOn: readonly string[]
  /** Before training, and after it. */
  readonly before: Losses
  readonly after: Losses
}

export type SkillGraphRequest = {
  /** Names of the rows and of the columns, in order. */
  readonly domains: readonly string[]
  readonly skills: readonly string[]
  readonly runs: readonly FinishedSkillRun[]
  /**
   * `approximate`: a run on each domain; the edge from i to j is how much the loss of j fell in the run on i.
   * `bruteForce`: also a run on each pair; the edge is how much more the loss of j fell with i beside j than with j alone.
   */
  readonly method: 'approximate' | 'bruteForce'
  /** What a fall is: of the loss, of the loss relative to the one before (a better scale where skills differ), of the perplexity. */
  readonly change?: 'loss' | 'relative' | 'perplexity'
  /** Edges below 0 are no edges unless they are kept, as in the graphs that the official code ships. */
  readonly keepNegative?: boolean
  /** `unit` gives 0.5 for every edge and 1 on the diagonal, as in the synthetic experiments of the paper. */
  readonly edges?: 'change' | 'unit'
}

export type LearnedSkillGraph =
  | { readonly ok: true; readonly graph: readonly (readonly number[])[] }
  | { readonly ok: false; readonly problems: readonly string[] }

/**
 * Learns the graph of `skill-it` from the losses of finished runs (arXiv 2307.14430, section 4.2 and algorithm 2 and 3).
 * Row i, column j: how much training on i helps j. Brute force needs K runs and one for each pair, and skills that are
 * domains; its diagonal is what a domain gains alone. The approximation needs K runs and takes any skills. A smaller model
 * may have made the runs. O(K · M).
 */
export function learnSkillGraph(request: SkillGraphRequest): LearnedSkillGraph {
  const { domains, skills, method, edges = 'change', keepNegative = false } = request
  const problems: string[] = []
  const foreign = method === 'bruteForce' ? skills.filter((skill) => !domains.includes(skill)) : []
  if (foreign.length > 0) {
    problems.push(
      `skills: expected domains, for brute force trains on them, got ${foreign.join(', ')} as well; use the approximation.`,
    )
  }
  const fallOf = (skill: string, ...trainedOn: readonly string[]): number => {
    const run = findRun(request.runs, trainedOn)
    const fall = run === undefined ? undefined : fallIn(run, skill, request.change ?? 'loss')
    if (fall !== undefined) return fall
    const name = trainedOn.join(' and ')
    problems.push(
      run === undefined
        ? `runs: expected a run on ${name} alone, got none; add it.`
        : `runs: expected a loss of ${skill} before and after the run on ${name}, finite and with a finite fall, got none; add it.`,
    )
    return 0
  }
  const entry = (domain: string, skill: string): number =>
    method === 'approximate' || domain === skill
      ? fallOf(skill, domain)
      : fallOf(skill, domain, skill) - fallOf(skill, skill)
  const graph = foreign.length > 0 ? [] : domains.map((domain) => skills.map((skill) => entry(domain, skill)))
  if (problems.length > 0) return { ok: false, problems: [...new Set(problems)] }
  return {
    ok: true,
    graph: graph.map((row, i) =>
      row.map((value, j) => {
        const kept = keepNegative || value > 0 ? value + 0 : 0
        if (edges === 'change') return kept
        return domains[i] === skills[j] ? 1 : Math.sign(kept) * 0.5 + 0
      }),
    ),
  }
}

function findRun(
  runs: readonly FinishedSkillRun[],
  trainedOn: readonly string[],
): FinishedSkillRun | undefined {
  const wanted = new Set(trainedOn)
  return runs.find((run) => {
    const got = new Set(run.trainedOn)
    return got.size === wanted.size && [...wanted].every((name) => got.has(name))
  })
}

function fallIn(
  run: FinishedSkillRun,
  skill: string,
  change: 'loss' | 'relative' | 'perplexity',
): number | undefined {
  if (!Object.hasOwn(run.before, skill) || !Object.hasOwn(run.after, skill)) return undefined
  const before = run.before[skill]!
  const after = run.after[skill]!
  const falls = {
    loss: before - after,
    relative: (before - after) / before,
    perplexity: Math.exp(before) - Math.exp(after),
  }
  return Number.isFinite(falls[change]) ? falls[change] : undefined
}
