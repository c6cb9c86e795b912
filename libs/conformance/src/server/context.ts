import type { MixtureSet } from '@mixdesk/contracts'
import type { Findings } from '../rules.js'
import type { Changing } from '../wait.js'
import type { CommandJudge } from './command-judge.js'
import type { KafkaSide } from './kafka-side.js'
import type { ServerRuleId } from './server-rules.js'
import { createStory, lastStep, type Story, type StoryEvent } from './story.js'

export type Context = {
  readonly prefix: string
  readonly policy: string
  readonly patienceMs: number
  readonly findings: Findings<ServerRuleId>
  readonly judge: CommandJudge
  /** Whether the condition comes to hold while there is hope. */
  hears(source: Changing, holds: () => boolean): Promise<boolean>
}

/** One run of the kit: what it tells, and what came back. */
export type RunSide = Story & {
  readonly commands: readonly MixtureSet[]
  /** Remembers which event opens an attempt. */
  opens(attempt: number, event: StoryEvent): StoryEvent
  /** The command decided at this step of this attempt, once it comes; undefined where it doesn't. */
  decidedAt(step: number, attempt?: number): Promise<MixtureSet | undefined>
  version(version: number): Promise<MixtureSet | undefined>
}

export function openRun({ prefix, policy, judge, hears }: Context, name: string): RunSide {
  const run = `${prefix}-${name}`
  const { commands, openedBy } = judge.watch(run)
  const once = async (find: () => MixtureSet | undefined) => {
    await hears(judge, () => find() !== undefined)
    return find()
  }
  return {
    ...createStory(run, policy),
    commands,
    opens(attempt, event) {
      openedBy.set(attempt, event.id)
      return event
    },
    decidedAt: (step, attempt = 1) =>
      once(() =>
        commands.find((one) => one.decidedAtStep === step && one.attempt === attempt && one.version > 1),
      ),
    version: (version) => once(() => commands.find((one) => one.version === version)),
  }
}

/** Tells the whole story of a run through Kafka, or a bent one. */
export async function tellAll(kafka: KafkaSide, run: RunSide): Promise<void> {
  await kafka.send([run.opens(1, run.start()), ...run.steps(0, lastStep)])
}

/** What must be the same in runs that were told the same. */
export const essence = (commands: readonly MixtureSet[]): string =>
  JSON.stringify(commands.map(({ version, decidedAtStep, weights }) => ({ version, decidedAtStep, weights })))

/** Whether a run that was told the same in another way has come to the same mixtures. */
export async function expectSame(
  { findings, patienceMs }: Context,
  rule: ServerRuleId,
  wanted: readonly MixtureSet[],
  run: RunSide,
): Promise<void> {
  await run.version(wanted.at(-1)?.version ?? 1)
  findings.check(rule, essence(run.commands) === essence(wanted), () => {
    const at = wanted.findIndex((one, i) => essence([one]) !== essence(run.commands.slice(i, i + 1)))
    const [expected, got] = [wanted[at], run.commands[at]]
    return {
      where: `run ${run.run}`,
      expected:
        expected === undefined
          ? `${wanted.length} mixtures`
          : `version ${expected.version} decided at step ${expected.decidedAtStep} with ${JSON.stringify(expected.weights)}`,
      got:
        got === undefined
          ? `${run.commands.length} mixtures within ${patienceMs} ms`
          : `version ${got.version} decided at step ${got.decidedAtStep} with ${JSON.stringify(got.weights)}`,
    }
  })
}
