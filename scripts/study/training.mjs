// One training process: starts it, reads what it says, and asks the server's history what came of it.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const trainer = fileURLToPath(new URL('../../apps/trainer/', import.meta.url))
const example = (name) => `${trainer}examples/${name}`
const children = new Set()

/** Ends the trainings that are under way; each marks its run as stopped. */
export const stopTrainings = () => children.forEach((child) => child.kill('SIGINT'))

/** Runs a Python program to its end; gives the lines of JSON that it prints, and throws what it said last where it fails. */
function runPython(python, args, { env = {}, onLine = () => undefined } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(python, args, {
      // A group of its own, so that Ctrl-C in the terminal reaches us alone.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, OMP_NUM_THREADS: '1', ...env },
    })
    children.add(child)
    const lines = []
    const said = []
    createInterface({ input: child.stdout }).on('line', (text) => {
      if (!text.startsWith('{')) return void said.push(text)
      lines.push(JSON.parse(text))
      onLine(lines.at(-1))
    })
    createInterface({ input: child.stderr }).on('line', (text) => said.push(text))
    child.once('error', reject)
    child.once('close', (status) => {
      children.delete(child)
      if (status === 0) resolve(lines)
      else reject(new Error(`${args.join(' ')} ended with status ${status}:\n${said.slice(-12).join('\n')}`))
    })
  })
}

/** The Python with PyTorch, made where there is none. */
export async function pythonWithTorch(say) {
  say('Python with PyTorch is looked for, and made where there is none (some minutes, once)')
  let path = ''
  await new Promise((resolve, reject) => {
    const arguments_ = [
      `${trainer}scripts/bootstrap.py`,
      '--venv',
      `${trainer}.venv-torch`,
      '--extra',
      'torch',
    ]
    const child = spawn('python3', arguments_, { stdio: ['ignore', 'pipe', 'inherit'] })
    createInterface({ input: child.stdout }).on('line', (line) => (path = line.trim()))
    child.once('error', reject)
    child.once('close', (status) =>
      status === 0 ? resolve() : reject(new Error(`bootstrap.py ended with status ${status}.`)),
    )
  })
  return path
}

/** Gathers the texts once for all runs; says what there is, and the versions of what trains. */
export async function describeCorpus({ python, data, size }) {
  const options = ['--data', data, '--context', String(size.context)]
  const [described] = await runPython(python, [example('tokens.py'), ...options])
  return described
}

/** Trains, and gives what is kept of a run. `stand` holds Python, brokers and server, the data and the folder of references. */
export async function train(
  { python, brokers, server, data, reference },
  { size, job, config, weights, onStep },
) {
  const run = `study/${job.key.replaceAll(' ', '-')}`
  const steps = job.steps?.({ size }) ?? size.steps
  const args = [
    example('torch_lm.py'),
    ...['--run', run, '--project', 'study', '--policy', job.policy, '--seed', String(job.seed)],
    ...['--steps', String(steps), '--cadence', String(job.cadence ?? size.cadence), '--data', data],
    ...['batch', 'context', 'layers', 'width', 'rate', 'windows'].flatMap((name) => [
      `--${name}`,
      String(size[name]),
    ]),
    ...['--evaluate', String(job.evaluate ?? size.evaluate)],
    ...['--threads', '1', '--brokers', brokers, '--progress-json'],
    ...(config === undefined ? [] : ['--policy-config', JSON.stringify(config)]),
    ...(weights === undefined ? [] : ['--weights', JSON.stringify(weights)]),
    ...(job.saves ? ['--save', reference(job.key)] : []),
    ...(job.reference === undefined ? [] : ['--reference', reference(job.reference)]),
  ]
  const lines = await runPython(python, args, { onLine: (line) => onStep(line.step + 1, steps) })
  const listed = (byDomain) => Object.values(byDomain)
  const last = lines.at(-1)
  return {
    steps,
    tokens: steps * size.batch * size.context,
    seconds: last.seconds,
    parameters: lines[0].parameters,
    untrained: listed(lines[0].untrained),
    evaluations: lines
      .filter((line) => line.heldOut)
      .map((line) => ({ step: line.step, loss: listed(line.heldOut) })),
    final: { perToken: listed(last.final), perByte: listed(last.perByte) },
    trainedTokens: listed(last.tokens),
    ...(await fromHistory(server, run, listed(lines[0].weights))),
    ...(job.stage === 'proxy' ? { averageWeights: await averageWeights(server, run) } : {}),
  }
}

/** DoReMi's result, which its decisions carry along. */
async function averageWeights(server, run) {
  const answer = await fetch(`${server.url}/v1/runs/${encodeURIComponent(run)}/mixture`)
  return (await answer.json()).controls.averageWeights
}

/** What the history knows of a run: each mixture that came into effect, `[first step, weights]`, and how late it did. */
async function fromHistory(server, run, start) {
  await finished(server, run)
  const decided = await server.sql(
    `SELECT version, step, weights FROM mixtures_decided FINAL WHERE run = '${run}' ORDER BY version`,
  )
  const applied = new Map(
    await server.sql(`SELECT version, min(step) FROM applied WHERE run = '${run}' GROUP BY version`),
  )
  const inForce = decided.filter(([version]) => applied.has(version))
  // The mixture that a run begins with was decided before its first step.
  const late = inForce
    .filter(([, step]) => Number(step) >= 0)
    .map(([version, step]) => Number(applied.get(version)) - Number(step) - 1)
  return {
    mixtures: [
      [0, start],
      ...inForce.map(([version, , weights]) => [Number(applied.get(version)), weights.map(rounded)]),
    ],
    decisions: decided.length,
    // How many decisions came into effect so many steps after the first one that could have had them.
    late: late.reduce((counts, steps) => ({ ...counts, [steps]: (counts[steps] ?? 0) + 1 }), {}),
  }
}

const rounded = (number) => Number(number.toFixed(4))

async function finished(server, run) {
  for (const deadline = performance.now() + 60_000; ; await delay(100)) {
    const rows = await server.sql(`SELECT status FROM runs WHERE run = '${run}' AND finished`)
    if (rows.length > 0) return
    if (performance.now() > deadline) throw new Error(`The history should know by now that ${run} has ended.`)
  }
}
