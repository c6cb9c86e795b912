// docs/study.md and its pictures, from the results alone.
import { format, resolveConfig } from 'prettier'
import { fileURLToPath } from 'node:url'
import { mean } from '../worlds/paired.mjs'
import { weightsPlot } from '../weights-plot.mjs'
import { compare, measures, seedsOf } from './measures.mjs'
import { whyOf } from './plan.mjs'
import { differencesPlot, lossesPlot } from './plots.mjs'

const minus = (words) => words.replace('-', '−')
const number = (value, digits = 3) => minus(value.toFixed(digits))
const signed = (value, digits = 3) => (value > 0 ? '+' : '') + number(value, digits)
const table = (head, rows) =>
  [head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')
const list = (lines) => lines.map((line) => `- ${line}`).join('\n')
const listed = (names) => (names.length === 0 ? 'none' : names.join(', '))
const count = (value) => Math.round(value).toLocaleString('en')
const minutes = (seconds) => (seconds < 90 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`)
const sum = (numbers) => numbers.reduce((total, value) => total + value, 0)
const several = (number, what) => `${number} ${what}${number === 1 ? '' : 's'}`
const link = (policy) => `[\`${policy}\`](policies/${policy}.md)`

/** Files by their path below docs/. */
export async function studyPages(results) {
  const policies = Object.keys(results.policies).filter((policy) => seedsOf(results, policy).length > 0)
  const page = await format(`${textOf(results, policies)}\n`, {
    ...(await resolveConfig(fileURLToPath(new URL('../../docs/study.md', import.meta.url)))),
    parser: 'markdown',
  })
  return new Map([['study.md', page], ...picturesOf(results, policies)])
}

function textOf(results, policies) {
  const { size, corpus, machine, versions, seconds } = results
  const seeds = seedsOf(results, 'uniform')
  const { parameters } = results.runs[`uniform/${seeds[0]}`]
  const domains = corpus.domains.map(({ name }) => name)
  const all = measures(results)
  const others = policies.filter((policy) => policy !== 'uniform')
  const rows = policies.map((policy) => ({ policy, cells: all.map((one) => compare(results, policy, one)) }))
  const tokens = sum(corpus.domains.map((one) => one.tokens))
  return [
    '# Policies on real training',
    ...(size.steps < 200
      ? ['**Small sizes (`--quick`): this shows that the study works, and says nothing about policies.**']
      : []),
    '<!-- Written by `npm run study` from docs/study/results.json; edit scripts/study/page.mjs instead. -->',
    `Small language models that really train, mixed by the real server over real Kafka: ${policies.length} policies, ${several(seeds.length, 'seed')}, the same
${count(size.steps * size.batch * size.context)} tokens for each. [Worlds with a known answer](policies.md) say what policies can do; this page says what they did here.`,
    '## Held-out loss',
    table(
      ['Policy', ...domains, '**average**', '**worst**', 'by size'],
      rows.map(({ policy, cells }) => [link(policy), ...cells.map(({ loss }) => number(loss))]),
    ),
    'Nats per token at the end, mean over seeds. **Average** is over domains, each counting the same; **worst** is the domain with the highest loss; **by size** weighs domains by their tokens, as if the text were not divided.',
    '### Difference to equal weights',
    table(
      ['Policy', ...domains, '**average**', '**worst**', 'by size'],
      rows
        .filter(({ policy }) => policy !== 'uniform')
        .map(({ policy, cells }) => [link(policy), ...cells.map(cellOf)]),
    ),
    `With the 95 % interval over ${several(seeds.length, 'pair')} of runs with the same seed (paired t): both begin with the same parameters and read each domain's text in the same order. **Bold** where the interval lies below 0, that is, better than equal weights; _italic_ where it lies above.`,
    '![Average held-out loss, difference to equal weights](study/differences.svg)',
    '## Reading it',
    readingOf(results, others, all),
    '## What each policy did',
    "Left out of the pictures: the runs on single domains, and DoReMi's proxy, whose multipliers are not shares of a batch. Losses are means over seeds; dashed is the run on equal weights.",
    ...others.flatMap((policy) => [
      `### ${policy}`,
      [
        `![The mixture of ${policy}, seed ${seeds[0]}](study/${policy}-weights.svg)`,
        `![Held-out losses under ${policy}](study/${policy}-losses.svg)`,
      ].join('\n'),
    ]),
    '## How they were configured',
    `By their defaults, and by what had to be said; nothing was tuned to these results, but for one thing: shorter rounds for Aioli were tried once at full size, did worse, and were given up for its default. The learning rate was chosen on equal weights. A decision every ${size.cadence} steps, held-out losses every ${size.evaluate}. Versions: ${policies.map((policy) => `\`${policy}\` ${results.policies[policy]}`).join(', ')}.`,
    list(others.filter(whyOf).map((policy) => `${link(policy)}: ${whyOf(policy)}.`)),
    ...(results.graph === undefined
      ? []
      : [
          "Skill-It's graph; row: trained on, column: the share of its loss that fell.",
          table(
            ['', ...domains],
            results.graph.map((row, i) => [domains[i], ...row.map((edge) => number(edge, 2))]),
          ),
        ]),
    '## The data',
    table(
      ['Domain', 'tokens', 'share', 'held out', 'bytes a token', 'passes on equal weights'],
      corpus.domains.map((one) => [
        one.name,
        count(one.tokens),
        `${((100 * one.tokens) / tokens).toFixed(0)} %`,
        count(one.heldOut),
        one.bytesPerToken.toFixed(2),
        ((size.steps * size.batch * size.context) / domains.length / one.tokens).toFixed(1),
      ]),
    ),
    'What lies on a machine after the install: files of `node_modules`, of Python and of PyTorch, split by file; texts of which half or more was in earlier ones are left out. Another machine has other versions of them, so other numbers. The byte-pair tokenizer (1,024 tokens) is trained on the same amount of each. A loss in nats per byte is the one per token divided by bytes a token; `results.json` has both.',
    '## What it cost',
    costOf(results, policies),
    '## How late decisions were',
    lateOf(results, policies),
    '## Machine, versions, commands',
    list([
      `${machine.cores} cores of ${machine.model}, ${machine.memoryGb.toFixed(0)} GiB of memory, ${machine.system}; two trainings at a time, with one PyTorch thread each, beside Kafka, PostgreSQL and the server on the same cores`,
      `Node.js ${versions.node}, Apache Kafka ${versions.kafka}, kafkajs ${versions.kafkajs}, PostgreSQL ${versions.postgres}, chDB ${versions.chdb}, Python ${versions.python}, PyTorch ${versions.torch}, mixdesk ${versions.mixdesk}`,
      `A GPT of ${size.layers} layers, width ${size.width}, context ${size.context} (${count(parameters)} parameters), AdamW, ${size.steps} steps of ${size.batch} sequences`,
      `${minutes(seconds)} in all`,
    ]),
    '```\nnpm run study                      # goes on where it was; results in docs/study/results.json\nnpm run study -- --quick           # shows that it works, in some minutes; writes nothing here\nnpm run study -- --report-only     # this page again from the results\n```',
    '## What this cannot say',
    list([
      `Models of ${count(parameters)} parameters that see ${count((size.steps * size.batch * size.context) / 1000)} thousand tokens are at the very beginning of learning, where all domains still fall fast. What holds at scale is another question.`,
      'Policies made for long runs (`ado` above all) are here in a run shorter than their warm-up.',
      `Intervals are over ${several(seeds.length, 'seed')} of one corpus: they say how sure the number is, not how far it reaches. One in twenty is wrong, and there are ${others.length * all.length} of them: an isolated small difference may be chance.`,
      'The measure is held-out loss on the same kinds of text. Nothing is said of downstream tasks.',
      'Policies that need targets or a graph got them from other runs, whose cost is not in their budget of tokens (see above).',
    ]),
  ].join('\n\n')
}

function cellOf({ mean: difference, halfWidth, verdict }) {
  const words = Number.isFinite(halfWidth)
    ? `${signed(difference)} ± ${number(halfWidth)}`
    : `${signed(difference)}`
  return verdict === 'better' ? `**${words}**` : verdict === 'worse' ? `_${words}_` : words
}

/** Plain sentences, made from the numbers. */
function readingOf(results, others, all) {
  const domains = results.corpus.domains.map(({ name }) => name)
  const named = (name) => all.find((one) => one.name === name)
  const verdicts = (measure) => {
    const by = (wanted) =>
      others
        .map((policy) => ({ policy, ...compare(results, policy, measure) }))
        .filter(({ verdict }) => verdict === wanted)
        .sort((a, b) => a.mean - b.mean)
        .map(
          ({ policy, mean: difference, loss }) =>
            `${link(policy)} (${signed((100 * difference) / (loss - difference), 1)} %)`,
        )
    return { better: by('better'), worse: by('worse'), same: by('same') }
  }
  const sentence = (words, measure) => {
    const { better, worse, same } = verdicts(measure)
    const head =
      better.length === 0
        ? `**${words}: nothing beats equal weights.**`
        : `**${words}:** better than equal weights: ${listed(better)}.`
    return `${head} Worse: ${listed(worse)}. Not told apart: ${listed(same)}.`
  }
  const unbeaten = domains.filter((name) => verdicts(named(name)).better.length === 0)
  return list([
    sentence('Average over domains', named('average')),
    sentence('Worst domain', named('worst')),
    sentence('Weighted by size', named('by size')),
    `Domains where nothing beats equal weights: ${listed(unbeaten)}.`,
    ...others.map((policy) => {
      const cells = domains.map((name) => ({ name, ...compare(results, policy, named(name)) }))
      const of = (wanted) => cells.filter(({ verdict }) => verdict === wanted).map(({ name }) => name)
      return `${link(policy)} is better on ${listed(of('better'))}; worse on ${listed(of('worse'))}.${whereTo(results, policy)}`
    }),
  ])
}

/** Where a policy's tokens went. */
function whereTo(results, policy) {
  const domains = results.corpus.domains.map(({ name }) => name)
  const shares = domains.map((_, i) =>
    mean(
      seedsOf(results, policy).map((seed) => {
        const { trainedTokens } = results.runs[`${policy}/${seed}`]
        return trainedTokens[i] / sum(trainedTokens)
      }),
    ),
  )
  const order = domains.map((name, i) => ({ name, share: shares[i] })).sort((a, b) => b.share - a.share)
  const words = ({ name, share }) => `${name} ${(100 * share).toFixed(0)} %`
  return ` It read most of ${words(order[0])} and ${words(order[1])}, least of ${words(order.at(-1))} (equal: ${(100 / domains.length).toFixed(0)} %).`
}

function costOf(results, policies) {
  const { runs } = results
  const of = (name) => Object.keys(runs).filter((key) => key.slice(0, key.lastIndexOf('/')) === name)
  const seconds = (keys) => mean(keys.map((key) => runs[key].seconds))
  const even = seconds(of('uniform'))
  const graph = Object.keys(runs).filter((key) => key.startsWith('single '))
  const beside = {
    doremi: () =>
      `the reference (here the run on equal weights, ${minutes(even)}) and the proxy (${minutes(seconds(of('doremi proxy')))}), for each seed`,
    'dynamic-batch-loading': () =>
      `the run that the targets are from (here the one on equal weights, ${minutes(even)}), for each seed`,
    'skill-it': () =>
      `${graph.length} short runs for the graph (${minutes(sum(graph.map((key) => runs[key].seconds)))} and ${count(sum(graph.map((key) => runs[key].tokens)))} tokens together), once`,
    aioli: () =>
      `nothing but more evaluations, ${mean(of('aioli').map((key) => runs[key].evaluations.length)).toFixed(0)} in place of ${mean(of('uniform').map((key) => runs[key].evaluations.length)).toFixed(0)}; its probes are part of its budget`,
  }
  return table(
    ['Policy', 'a run', 'decisions', 'beside the equal budget of tokens'],
    policies.map((policy) => [
      link(policy),
      minutes(seconds(of(policy))),
      mean(of(policy).map((key) => runs[key].decisions)).toFixed(0),
      beside[policy]?.() ?? 'nothing',
    ]),
  )
}

function lateOf({ runs }, policies) {
  const rows = [...policies, 'doremi proxy'].flatMap((policy) => {
    const late = Object.keys(runs)
      .filter((key) => key.slice(0, key.lastIndexOf('/')) === policy)
      .flatMap((key) => Object.entries(runs[key].late))
      .flatMap(([steps, times]) => new Array(times).fill(Number(steps)))
      .sort((a, b) => a - b)
    if (late.length === 0) return []
    const at = (share) => String(late[Math.min(late.length - 1, Math.floor(share * late.length))])
    return [[policy, count(late.length), mean(late).toFixed(2), at(0.5), at(0.95), String(late.at(-1))]]
  })
  return `A decision that saw step _t_ could be in effect in step _t_ + 1 at the earliest. Steps beyond that until the first batch under it, by the ledger and the history; training never waited. A decision that a newer one overtook is not counted.\n\n${table(['Policy', 'came into effect', 'mean', 'median', '95 %', 'most'], rows)}`
}

function picturesOf(results, policies) {
  const { size, corpus, runs } = results
  const domains = corpus.domains.map(({ name }) => name)
  const average = measures(results).find(({ name }) => name === 'average')
  const others = policies.filter((policy) => policy !== 'uniform')
  const lossesOf = (policy, steps) => {
    const seeds = seedsOf(results, policy)
    return steps.map((step) =>
      domains.map((_, i) =>
        mean(
          seeds.map((seed) => runs[`${policy}/${seed}`].evaluations.find((one) => one.step === step).loss[i]),
        ),
      ),
    )
  }
  const steps = runs[`uniform/${seedsOf(results, 'uniform')[0]}`].evaluations.map(({ step }) => step)
  return [
    [
      'study/differences.svg',
      differencesPlot({
        title: 'Average held-out loss, difference to equal weights (95 %)',
        rows: others.map((name) => ({ name, ...finite(compare(results, name, average)) })),
      }),
    ],
    ...others.flatMap((policy) => {
      const [seed] = seedsOf(results, policy)
      const { mixtures } = runs[`${policy}/${seed}`]
      return [
        [
          `study/${policy}-weights.svg`,
          weightsPlot({
            title: `The mixture of ${policy}, seed ${seed}`,
            domains,
            steps: mixtures.map(([step]) => step),
            weights: mixtures.map(([, weights]) => weights),
            lastStep: size.steps,
          }),
        ],
        [
          `study/${policy}-losses.svg`,
          lossesPlot({
            title: `Held-out losses under ${policy}, nats per token`,
            domains,
            steps,
            losses: lossesOf(policy, steps),
            others: lossesOf('uniform', steps),
          }),
        ],
      ]
    }),
  ]
}

/** One pair has no interval, and a picture has no infinity. */
const finite = (compared) => ({
  ...compared,
  halfWidth: Number.isFinite(compared.halfWidth) ? compared.halfWidth : 0,
})
