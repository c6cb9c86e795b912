import { typeOf } from '@mixdesk/contracts'
import { whenever } from '../wait.js'
import type { ClientJudge } from './client-judge.js'
import { lossMultiplier, unusables, usable, type Wanted } from './commands.js'

/** How commands reach the client. */
export type CommandLink = {
  /** Sends a `mixture.set`; resolves when the client can have it. */
  send(command: Command): Promise<void>
  /** What is not for the client: other runs, unknown types, tombstones. */
  disturb(): Promise<void>
  /** Waits, for a bounded time, until everything that the client has sent so far has been seen. */
  drain(atMostMs: number): Promise<void>
}
export type Command = {
  readonly id: string
  readonly version: number
  readonly data: { readonly [name: string]: unknown }
}

export type ScriptOptions = {
  readonly run: string
  readonly judge: ClientJudge
  readonly link: CommandLink
  /** How long a silence may last before it counts as one. */
  readonly patienceMs: number
  /** How long to wait for the client to start. */
  readonly startWithinMs: number
  /** Resolves when the client is gone. */
  readonly gone?: Promise<unknown> | undefined
  /** Resolves when the client has done all that it will do about the commands so far, and that has been seen. */
  readonly settled?: (() => Promise<unknown>) | undefined
  readonly onProgress?: ((line: string) => void) | undefined
}

/** Steps between the newest report and a `fromStep` in the future. */
const stepsAhead = 20
/** Steps to watch after something that must have no consequence. */
const stepsToWatch = 6

/** Plays the server: mixtures that must be taken, that must be refused and that must be passed over, and the end. */
export async function playServer(options: ScriptOptions): Promise<void> {
  const { run, judge, link, patienceMs, gone, settled } = options
  const say = options.onProgress ?? (() => undefined)
  const sentCommands = new Map<number, Command & { readonly attempt: number; readonly wanted: Wanted }>()
  let version = 0
  let stage = 'the start'

  const isOver = () => judge.finished() !== undefined
  const hears = async (holds: () => boolean, atMostMs = patienceMs): Promise<boolean> => {
    const hopeless = Promise.race([gone, settled?.()].filter((one) => one !== undefined))
    await whenever(judge, () => holds() || isOver(), atMostMs, hopeless)
    return holds()
  }
  const wait = async (what: string, holds: () => boolean, atMostMs = patienceMs): Promise<void> => {
    if (!(await hears(holds, atMostMs))) throw new Silence(what)
  }

  async function command(wanted: Wanted, more: object = {}): Promise<number> {
    version++
    const data = {
      run,
      attempt: judge.attempt(),
      version,
      fromStep: wanted.fromStep,
      ...wanted.fields,
      lifecycle: 'train',
      decidedAtStep: wanted.fromStep - 1,
      policy: { name: 'conformance', version: 1 },
      decisionId: `${run}-conformance-${version}`,
      because: `Conformance kit: ${stage}.`,
      ...(judge.openedBy() === undefined ? {} : { openedBy: judge.openedBy() }),
      ...more,
    }
    const { kind, weights, fromStep } = wanted
    judge.sent({ version, attempt: judge.attempt(), fromStep, weights, kind })
    const made = { id: data.decisionId, version, data, attempt: data.attempt, wanted }
    sentCommands.set(version, made)
    await link.send(made)
    return version
  }
  /** Waits until all ranks have taken it, and watches a few steps under it. */
  async function taken(
    which: number,
    rule: 'mixture.applied' | 'commands.ignored' = 'mixture.applied',
  ): Promise<void> {
    const { attempt, wanted } = sentCommands.get(which)!
    const isPast = () => judge.attempt() !== attempt
    const held = await hears(() => judge.appliedByAll(which) || isPast())
    // The client has gone back to a checkpoint: what was sent before was for somebody who is no more.
    if (held && isPast()) return taken(await command(wanted), rule)
    judge.check(rule, held, stage, () => ({
      expected: `mixture.applied of version ${which} from every rank within ${patienceMs} ms`,
      got: judge.isRefused(which) ? 'mixture.refused' : 'none',
    }))
    if (!held) throw new Silence(`version ${which} to be applied`)
    await someSteps()
  }
  async function someSteps(): Promise<void> {
    const from = judge.commonStep()
    await wait(`${stepsToWatch} more steps`, () => judge.commonStep() >= from + stepsToWatch)
  }
  /** Watches a few steps for what must not come of the last command. */
  async function nothing(): Promise<void> {
    if (settled === undefined) await someSteps()
    else await hears(() => false)
  }
  const begin = (what: string) => {
    stage = what
    say(what)
  }

  async function story(): Promise<void> {
    begin('waiting for run.started')
    await wait('run.started', () => judge.started() !== undefined, options.startWithinMs)
    const domains = judge.started()!.domains.map((domain) => domain.name)

    begin('the first mixture, after messages that are not for this client, with a field it does not know')
    await link.disturb()
    await taken(
      await command(usable(domains, 0), { conformanceProbe: { ignore: ['me'] } }),
      'commands.ignored',
    )

    begin('a mixture for a step that lies ahead')
    await taken(await command(usable(domains, 1, judge.newestStep() + stepsAhead)))

    begin('two mixtures in quick succession')
    await command(usable(domains, 2))
    const newest = await command(usable(domains, 3))
    await taken(newest)

    begin('an old mixture once more, and the one in force once more')
    await link.send(sentCommands.get(2)!)
    await link.send(sentCommands.get(newest)!)
    // Something newer that waits at the same boundary would hide what a client makes of these.
    await nothing()
    await taken(await command(usable(domains, 1)))

    for (const { what, wanted } of unusables(domains)) {
      begin(`a mixture with ${what}`)
      const bad = await command(wanted)
      const refused = await hears(() => judge.isRefused(bad))
      judge.check('refuse.unusable', refused, stage, () => ({
        expected: `mixture.refused of version ${bad} within ${patienceMs} ms`,
        got: 'none',
      }))
      // Whoever does not look at the first one does not look at the others; waiting for each would only take longer.
      if (!refused) break
    }

    begin('a usable mixture after those')
    await taken(await command(usable(domains, 2)))

    begin('factors on the loss instead of sampling probabilities')
    const factors = await command(lossMultiplier(domains))
    const answered = await hears(() => judge.isRefused(factors) || judge.appliedByAll(factors))
    judge.check('commands.loss-multiplier', answered, stage, () => ({
      expected: `mixture.applied or mixture.refused of version ${factors}`,
      got: 'neither',
    }))
    await taken(await command(usable(domains, 0)))

    // Of a later attempt a client may rightly conclude that it has been replaced; only an earlier one must be passed over.
    if (judge.attempt() === 1) return
    begin('a mixture for an attempt that is over')
    version++
    const data = {
      ...sentCommands.get(newest)!.data,
      attempt: judge.attempt() - 1,
      version,
      decisionId: `${run}-other-attempt`,
    }
    judge.sent({ version, attempt: judge.attempt() - 1, fromStep: 0, weights: undefined, kind: 'foreign' })
    await link.send({ id: data.decisionId, version, data })
    await nothing()
    await taken(await command(usable(domains, 1)))
  }

  /** Asks the client to end, whatever came before. */
  async function stop(): Promise<void> {
    if (judge.started() === undefined) return
    begin('lifecycle: stop')
    const domains = judge.started()!.domains.map((domain) => domain.name)
    const asked = !isOver()
    if (asked) await command(usable(domains, 0), { lifecycle: 'stop' })
    const ended = await hears(isOver)
    judge.check('finish.last', ended, stage, () => ({ expected: 'run.finished', got: 'none' }))
    if (!asked) return
    judge.check('finish.stop', ended, stage, () => ({
      expected: `run.finished within ${patienceMs} ms`,
      got: `none, with step ${judge.newestStep()} reported last`,
    }))
    const status = judge.finished()?.status
    if (status !== undefined)
      judge.check('finish.status', status !== 'failed', stage, () => ({ expected: 'stopped', got: status }))
  }

  try {
    await story()
    judge.check('kit.end', true, stage, () => ({ expected: '', got: '' }))
  } catch (error) {
    if (!(error instanceof Silence)) throw error
    const why = isOver()
      ? `the run finished as ${judge.finished()!.status} at step ${judge.finished()!.step}`
      : `nothing of the kind; the newest step was ${judge.newestStep()}`
    judge.check('kit.end', false, stage, () => ({ expected: error.message, got: why }))
  }
  await stop()
}

/** What was waited for did not come. */
class Silence extends Error {}

/** A command that a client of this run must pass over, and a type it cannot know. */
export const foreignCommand = (run: string, version: number) => ({
  type: typeOf('mixture.set'),
  data: {
    run,
    attempt: 1,
    version,
    fromStep: 0,
    domains: ['other'],
    weights: [1],
    meaning: 'samplingProbability',
    lifecycle: 'stop',
    decidedAtStep: -1,
    policy: { name: 'conformance', version: 1 },
    decisionId: `${run}-conformance-foreign`,
    because: 'Conformance kit: for another run.',
  },
})
export const unknownCommand = (run: string) => ({
  type: typeOf('mixture.unset'),
  data: { run, attempt: 1, version: 901, fromStep: 0, lifecycle: 'stop' },
})
