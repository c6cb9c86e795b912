import type { LedgerEnvelope, MixtureSet } from '@mixdesk/contracts'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CliError } from '../cli-error.js'
import { sentenceOfFact, stepOfFact } from '../commands/facts.js'
import type { Local } from '../local/bring-up.js'
import { createLineLogger } from '../local/line-logger.js'
import type { Session } from '../local/session.js'
import type { Run } from '../server/api.types.js'
import { createHttp, pathOf, type Http } from '../server/http.js'
import { whole } from '../terminal/numbers.js'
import { endWith } from './children.js'
import type { Plan, PlannedRun } from './plan.js'
import { endOfTraining, startTraining } from './python.js'
import { ended, newRunView, reported, started, type RunView } from './run-view.js'
import type { Stage } from './stage.js'

export type DemoResult = {
  readonly views: readonly RunView[]
  readonly weights: ReadonlyMap<string, { readonly [domain: string]: number }>
  readonly proof: string | undefined
}
export type Demo = {
  readonly session: Session
  readonly local: Local
  readonly python: string
  readonly plan: Plan
  readonly stage: Stage
}

const settleMs = 30_000

/** Trains the planned runs with real learners, and gives what came out. */
export async function runDemo({ session, local, python, plan, stage }: Demo): Promise<DemoResult> {
  const folder = join(local.home, 'demo', plan.id)
  await mkdir(folder, { recursive: true })
  // The server's log would run through the picture.
  const log = createWriteStream(join(folder, 'server.log'))
  local.server.app.useLogger(createLineLogger('warn', (line) => void log.write(line)))

  const http = createHttp(local.url)
  const brokers = local.engines.endpoints.kafka.brokers.join(',')
  const views = new Map<string, RunView>(
    plan.stages.flat().map((run) => [run.id, newRunView(run, plan.steps)]),
  )
  const change = (id: string, by: (view: RunView) => RunView): void => {
    views.set(id, by(views.get(id)!))
    stage.show([...views.values()])
  }

  async function train(run: PlannedRun): Promise<void> {
    change(run.id, (view) => started(view, performance.now()))
    const child = startTraining({
      python,
      brokers,
      run,
      steps: plan.steps,
      reference: join(folder, 'reference.npz'),
      onProgress: (line) => change(run.id, (view) => reported(view, line, performance.now())),
    })
    endWith(session, `The trainer of ${run.id}`, child)
    await endOfTraining(child, run)
    session.check()
    change(run.id, (view) => ended(view, performance.now()))
  }

  const watching = new AbortController()
  const watch = watchReasons(
    http,
    () => [...views.values()],
    (id, reason) => change(id, (view) => ({ ...view, reason })),
    AbortSignal.any([watching.signal, session.stopping]),
  )
  try {
    stage.show([...views.values()])
    for (const runs of plan.stages) await Promise.all(runs.map(train))
    await Promise.all(plan.stages.flat().map((run) => settled(http, run, session)))
  } finally {
    watching.abort()
    await watch
    stage.end()
  }
  return {
    views: [...views.values()],
    weights: await arrivedAt(http, plan),
    proof: await proofOf(http, plan),
  }
}

/** Asks the ledger now and then for the newest reason of each run that trains. */
async function watchReasons(
  http: Http,
  views: () => readonly RunView[],
  tell: (id: string, reason: string) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const { run, state, weights } of views()) {
      if (state !== 'training') continue
      // The picture goes on without a reason; what is wrong with the server shows elsewhere.
      const answer = (await http
        .ask(pathOf(run.id, 'decisions'), { query: { limit: 1 }, signal })
        .catch(() => undefined)) as { decisions: LedgerEnvelope[] } | undefined
      const [fact] = answer?.decisions ?? []
      if (fact !== undefined)
        tell(run.id, `step ${stepOfFact(fact)}: ${sentenceOfFact(fact, Object.keys(weights))}`)
    }
    await delay(1000, undefined, { signal }).catch(() => undefined)
  }
}

/** Waits until the server knows that the run is over: then its whole story can be asked for. */
async function settled(http: Http, { id }: PlannedRun, session: Session): Promise<void> {
  for (const deadline = performance.now() + settleMs; ; await delay(100)) {
    session.check()
    const run = (await http.ask(pathOf(id), { alsoRead: [404] })) as Run
    if (run.status === 'completed') return
    if (run.status === 'refused')
      throw new CliError('failed', `The server refused the run ${id}: ${run.problems.join(' ')}`)
    if (performance.now() > deadline)
      throw new CliError(
        'failed',
        `The server should know by now that ${id} has ended, but says it is ${run.status}: "mixdesk doctor" says more.`,
      )
  }
}

/** The mixtures in the end; of DoReMi the averaged weights, which its decisions carry along. */
async function arrivedAt(http: Http, plan: Plan): Promise<DemoResult['weights']> {
  const arrived = new Map<string, { readonly [domain: string]: number }>()
  for (const { id, needsReference } of plan.stages.flat()) {
    const mixture = (await http.ask(pathOf(id, 'mixture'))) as MixtureSet | undefined
    if (mixture === undefined) continue
    const average = mixture.controls?.['averageWeights'] as readonly number[] | undefined
    const weights = needsReference && average !== undefined ? average : mixture.weights
    arrived.set(id, Object.fromEntries(mixture.domains.map((domain, i) => [domain, weights[i]!])))
  }
  return arrived
}

/** Replays a run's decisions from the history; a sentence about what came out. */
async function proofOf(http: Http, plan: Plan): Promise<string | undefined> {
  const run = plan.stages.flat().find(({ policy }) => policy === 'odm')
  if (run === undefined) return undefined
  for await (const message of http.stream(pathOf(run.id, 'replay'), { body: {} }) as AsyncIterable<{
    result?: { identical: boolean; compared: number }
    problem?: { detail: string }
  }>) {
    if (message.problem !== undefined) return `The replay of ${run.id} failed: ${message.problem.detail}`
    if (message.result !== undefined)
      return message.result.identical
        ? `All ${whole(message.result.compared)} decisions of ${run.id} were just made again from the log: identical, to the bit.`
        : `The decisions of ${run.id} made again from the log DIFFER; "mixdesk replay ${run.id}" says where.`
  }
  return undefined
}
