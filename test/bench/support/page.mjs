// docs/benchmarks.md: what was measured, where, by which command, with its spread, its goals, and what it flatters.
import { writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { show } from './numbers.mjs'

export async function writePage(file, { about, results, seconds }) {
  const { versions } = about
  const goals = results.flatMap(({ title, goals: all }) => all.map((goal) => ({ title, ...goal })))
  const text = [
    '# Benchmarks',
    'Written by `npm run bench`; do not edit. Each number stands beside the bare engine, measured in the same run by turns: on another machine the numbers differ, the ratios hardly. Where several repetitions are summed up, it is their median, with the least and the most in brackets.',
    table(
      ['Goal', 'Measured', ''],
      goals.map(({ title, goal, value, met }) => [`${title}: ${goal}`, value, met ? 'met' : '**missed**']),
    ),
    '## Machine, versions, commands',
    list([
      `${about.cores} cores of ${about.model}, ${show(about.memoryGb)} GiB of memory, ${about.system}; load average ${about.load.toFixed(2)} when it began${about.load > 0.5 ? ' (not quiet: take the numbers with care)' : ''}${about.quick ? '; small sizes (--quick), which say little' : ''}`,
      `Mixdesk ${versions.mixdesk}, Node.js ${versions.node}, Apache Kafka ${versions.kafka}, kafkajs ${versions.kafkajs}, PostgreSQL ${versions.postgres}, chDB ${versions.chdb}`,
      `${new Date().toISOString().slice(0, 10)}, ${Math.round(seconds / 60)} minutes`,
    ]),
    fence(
      [
        'npm run bench                                    # all of it, and this page',
        'npm run bench -- --quick                         # small sizes; writes nothing',
        'npm run bench:policies                           # the policies alone; starts no engines',
        'npm run bench -- --only latency --only ingest',
        'npm run bench -- --only ingest --profile FOLDER  # CPU profiles of the server instead of numbers',
      ].join('\n'),
    ),
    'The server is a process of its own with its default settings, on a broker and a PostgreSQL of the embedded kind that start empty. Broker, PostgreSQL, server and load share the cores.',
    ...results.flatMap(sectionOf),
  ].join('\n\n')
  writeFileSync(file, await format(`${text}\n`, { ...(await resolveConfig(file)), filepath: file }))
}

function sectionOf({ title, name, question, facts, table: numbers, also = [], goals, flatters, profile }) {
  return [
    `## ${title}`,
    `_${question}_ (\`--only ${name}\`)`,
    ...facts,
    table(numbers.head, numbers.rows),
    ...also,
    ...(goals.length === 0
      ? []
      : [
          list(
            goals.map(({ goal, value, met }) => `Goal: ${goal}. ${met ? 'Met' : '**Missed**'}: ${value}.`),
          ),
        ]),
    ...(profile === undefined ? [] : profileOf(profile)),
    'What it flatters:',
    list(flatters),
  ]
}

/** Where a goal is missed, the reader is shown where the time goes. */
const profileOf = ({ note, busyShare, busySeconds, functions }) => [
  `Where the time goes: in a repetition of its own under the profiler (${note}), the server's JavaScript thread was busy ${(busyShare * 100).toFixed(0)} % of the time, ${show(busySeconds)} s, start included. Functions by time of their own:`,
  table(
    ['Share', 'Function'],
    functions.map(({ name, share }) => [`${(share * 100).toFixed(1)} %`, `\`${name}\``]),
  ),
]

const list = (lines) => lines.map((line) => `- ${line}`).join('\n')
const fence = (code) => `\`\`\`sh\n${code}\n\`\`\``
const cell = (text) => String(text).replaceAll('|', '\\|')
const row = (cells) => `| ${cells.map(cell).join(' | ')} |`
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
