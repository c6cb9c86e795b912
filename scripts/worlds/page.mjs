import { findPolicy } from '@mixdesk/policies'
import { findings } from './findings.mjs'
import { mean } from './paired.mjs'
import { descriptions, flatters, reading } from './reading.mjs'
import { seeds } from './regret.mjs'
import { usual } from './run-policy.mjs'

const percent = (number) => String(Math.round(number) + 0)
const signed = (number) =>
  Math.round(number) > 0 ? `+${percent(number)}` : percent(number).replace('-', '−')
const verdictOf = ({ difference, halfWidth }) =>
  Math.abs(difference) <= halfWidth || Math.abs(difference) < 1 ? 'same' : difference < 0 ? 'better' : 'worse'
const minus = (text) => text.replace('-', '−')

/** A cell of the table: `**8** (−92 ± 1)`; bold where the interval lies below 0. */
export function cellOf(regret) {
  if (regret === undefined) return '·'
  const { halfWidth } = regret
  const shown = minus(percent(regret.regret))
  const width = halfWidth < 0.95 ? halfWidth.toFixed(1) : percent(halfWidth)
  const words = `${signed(regret.difference)} ± ${width}`
  return `${verdictOf(regret) === 'better' ? `**${shown}**` : shown} (${words})`
}

const link = (policy) => `[\`${policy}\`](policies/${policy}.md)`
export const labelOf = ({ policy, unlike }) =>
  unlike === undefined ? link(policy) : `${link(policy)} (${unlike})`
const listed = (items) =>
  items.length === 0 ? 'none' : items.map((item) => item.replaceAll('|', '\\|')).join(', ')
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
const round = (number, digits) => minus(number.toFixed(digits))

/** docs/policies.md, from what was measured: `bases` by world, and `rows` of a setup with its regret in each of them. */
export function regretPage({ bases, rows, notRun, node }) {
  const names = bases.map(({ name }) => name)
  const versions = [...new Set(rows.map(({ setup }) => setup.policy))].map((name) => findPolicy(name))
  const newer = versions
    .filter(({ version }) => version !== 1)
    .map(({ name, version }) => `\`${name}\` ${version}`)
  const inPlay = rows.filter(({ setup }) => setup.policy !== 'uniform')

  return `# Policies in worlds with a known answer

<!-- Written by \`npm run regret\`; edit scripts/worlds/page.mjs instead. -->

Is a policy worth its trouble? On real data nobody knows the best mixture. In these worlds we do: losses follow laws, the best
fixed mixture is found by search, and every policy is held against it and against equal weights. [What each policy is and
needs](policies/README.md)

\`npm run regret\` makes this page: ${seeds.length} seeds (${seeds[0]} to ${seeds.at(-1)}), ${usual.steps.toLocaleString('en')} steps of 49,152 tokens, a decision every
${usual.cadence} steps, held-out losses every ${usual.evaluateEvery}. Measured with Node ${node}; all policies in version 1${newer.length === 0 ? '' : `, but for ${newer.join(', ')}`}. The runs take the path of every run:
a simulated trainer speaks the contract, the desk of \`libs/mixture\` folds what it says, and what it commands goes back. No
guard rails are set.

## The worlds

${table(
  ['World', 'What it is', 'Best fixed mixture', 'Its loss', 'Equal weights'],
  bases.map(({ name, world, best, uniform }) => [
    `\`${name}\``,
    `${world.title}: ${descriptions[name]}`,
    world.domains.map((domain, k) => `${domain.name} ${percent(100 * best.weights[k])} %`).join(', '),
    round(best.loss, 4),
    round(mean(uniform), 4),
  ]),
)}

The target is the mean of the held-out losses at the end, in nats per token, without noise in \`useless\` and without the
unsolvable in \`prompts\`, where the loss is the share of prompts that fails. **Best fixed** means: of all mixtures that are kept
from the first step to the last, the one with the lowest target at the end, chosen with hindsight. In \`plain\`, \`transfer\`
and \`useless\` only the sums read matter, so that nothing can beat it. In \`drifting\` what is read of code late counts more, in
\`scarce\` what is read again is forgotten again, and in \`prompts\` the easy ones open the way to the hard ones: there a mixture that
moves in time can do better than any that is kept, and its regret is below 0.

## Regret

**Regret** is the target loss less that of the best fixed mixture, in percent of what equal weights lose to it: 0 is the best
fixed mixture, 100 equal weights. In brackets is the difference to equal weights with its 95 % interval, over pairs of runs with
the same seed (paired t). **Bold**: better than equal weights beyond the interval, by at least 1. A dot: the world lacks a signal that
the policy needs.

${table(
  ['Policy', ...names.map((name) => `\`${name}\``)],
  rows.map(({ setup, cells }) => [labelOf(setup), ...cells.map(cellOf)]),
)}

## Reading it

Better and worse mean beyond the interval, and by at least 1.

- **Never worse than equal weights here, and better somewhere:** ${listed(labels(inPlay, (all) => all.includes('better') && !all.includes('worse')))}.
- **Better in some worlds, worse in others:** ${listed(labels(inPlay, (all) => all.includes('better') && all.includes('worse')))}.
- **Never better:** ${listed(labels(inPlay, (all) => !all.includes('better')))}.
- **Where nothing beats equal weights:** ${nothingBeats(names, inPlay)}
${names.map((name, i) => `- \`${name}\`: ${tally(inPlay, i)}.`).join('\n')}

${reading.trim()}

## What the papers found, and what holds here

Each line is a test (\`test/worlds/findings.spec.ts\`). A finding that does not hold here may hold on real data, and the other way
round.

${table(
  ['Policy', 'Found in the paper', 'Holds', 'What holds here'],
  findings.map(({ policy, paper, holds, here }) => [link(policy), paper, holds, here]),
)}

## How they were configured

By their defaults, and by what had to be said; nothing was tuned, and nothing chosen by world but what a world is asked for (its
domains, sizes, graph and losses); the worlds were fixed before the first table. Every run starts with equal weights. Where
nothing stands here, it is the defaults:

${rows
  .filter(({ setup }) => setup.why !== undefined)
  .map(({ setup }) => `- ${labelOf(setup)}: ${setup.why}.`)
  .join('\n')}

Not run: ${notRun}

## What this flatters

${flatters.trim()}
`
}

const labels = (rows, wanted) =>
  rows
    .filter(({ cells }) => wanted(cells.filter((cell) => cell !== undefined).map(verdictOf)))
    .map(({ setup }) => labelOf(setup))

function nothingBeats(names, rows) {
  const unbeaten = names.filter((_, i) =>
    rows.every(({ cells }) => cells[i] === undefined || verdictOf(cells[i]) !== 'better'),
  )
  return unbeaten.length === 0 ? 'nowhere.' : `${unbeaten.map((name) => `\`${name}\``).join(', ')}.`
}

function tally(rows, i) {
  const verdicts = rows.flatMap(({ setup, cells }) =>
    cells[i] === undefined ? [] : [{ setup, verdict: verdictOf(cells[i]), regret: cells[i].regret }],
  )
  const count = (wanted) => verdicts.filter(({ verdict }) => verdict === wanted).length
  const ahead = verdicts.filter(({ regret }) => regret < -0.5).sort((a, b) => a.regret - b.regret)
  const beaten =
    ahead.length === 0
      ? ''
      : `; better than the best fixed mixture: ${listed(ahead.map(({ setup }) => labelOf(setup)))}`
  return `${count('better')} of ${verdicts.length} ways better than equal weights, ${count('worse')} worse, ${count('same')} not told apart${beaten}`
}
