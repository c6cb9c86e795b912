/** docs/policies: a page for each policy, and a list of them, from what the policies say of themselves. */
export function policyPages(descriptions, plots = new Map()) {
  const pages = descriptions.map((policy) => [
    `policies/${policy.name}.md`,
    page(policy, plots.get(policy.name)),
  ])
  const pictures = [...plots].map(([name, { svg }]) => [`policies/${name}.svg`, svg])
  return [['policies/README.md', list(descriptions)], ...pages, ...pictures]
}

const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ')
const code = (text) => `\`${cell(text)}\``

function list(descriptions) {
  const rows = descriptions.map(
    (policy) =>
      `| [\`${policy.name}\`](${policy.name}.md) | ${cell(policy.purpose)} | ${policy.output} | ${cell(needs(policy))} | ${policy.cites.map(source).join(', ')} |`,
  )
  return `# Policies

Everything that a run may be mixed by. \`mixdesk policies\` prints the same list, \`mixdesk policies show NAME\` a page.
[How they do in worlds with a known answer](../policies.md) · [guard rails over all of them](../guard-rails.md) ·
[write your own](../write-a-policy.md)

| Policy | What for | Gives | Needs, beyond tokens and losses | Sources |
|---|---|---|---|---|
${rows.join('\n')}
`
}

function page(policy, plot) {
  const { guide } = policy
  const parts = [
    `# ${policy.title}`,
    `\`${policy.name}\`, version ${policy.version}. ${policy.purpose}`,
    plot === undefined ? undefined : `![${cell(plot.alt)}](${policy.name}.svg)\n\n_${plot.caption}_`,
    `**Gives** ${policy.output}${policy.output === 'controls' ? '' : `, read as ${meanings[policy.meaning]}`}. **Needs** ${needs(policy)}. **Cost** ${guide.cost}`,
    `## When not to use it\n\n${guide.avoidWhen}`,
    `## The rule\n\n${guide.mathematics.map((line) => `- ${line}`).join('\n')}`,
    `## A domain without evidence\n\n${guide.absentDomains}`,
    settings(policy),
    guide.differences.length === 0
      ? undefined
      : `## Paper, code, and this\n\n${guide.differences.map((line) => `- ${line}`).join('\n')}`,
    policy.cites.length === 0
      ? undefined
      : `## Sources\n\n${policy.cites.map((cite) => `- ${source(cite)}`).join('\n')}`,
  ]
  return `${parts.filter((part) => part !== undefined).join('\n\n')}\n`
}

const meanings = { samplingProbability: 'sampling probabilities', lossMultiplier: 'factors on the loss' }

function settings({ settings: all }) {
  if (all.length === 0) return '## Settings\n\nNone.'
  const rows = all.map(
    ({ name, type, default: value, description }) =>
      `| \`${name}\` | ${cell(type)} | ${value === undefined ? '' : code(JSON.stringify(value))} | ${cell(description)} |`,
  )
  return `## Settings\n\n| Setting | Type | Default | Meaning |\n|---|---|---|---|\n${rows.join('\n')}`
}

function needs({ signals, evaluations }) {
  const scores = evaluations.scores ?? []
  const all = [
    ...signals.map((name) => `\`${name}\``),
    ...(evaluations.loss === true ? ['held-out losses'] : []),
    ...(scores.length > 0 ? [`the scores ${scores.map((name) => `\`${name}\``).join(', ')}`] : []),
  ]
  return all.length === 0 ? 'nothing more' : all.join(', ')
}

/** A citation as a link where it says how. */
function source(cite) {
  const [, paper] = /^arXiv[: ](\d{4}\.\d{4,5})/.exec(cite) ?? []
  if (paper !== undefined) return `[${cite}](https://arxiv.org/abs/${paper})`
  return /^github\.com\/\S+$/.test(cite) ? `[${cite}](https://${cite})` : cite
}
