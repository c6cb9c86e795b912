import { canonicalJson, headerText, show, typeOf, type MixtureSet } from '@mixdesk/contracts'
import { partitionOfKey, type IncomingMessage } from '@mixdesk/messaging'
import type { Findings } from '../rules.js'
import { schemaFault } from '../schemas.js'
import type { ServerRuleId } from './server-rules.js'
import { domains } from './story.js'

type Watched = {
  readonly commands: MixtureSet[]
  /** Id of the event that opened each attempt. */
  readonly openedBy: Map<number, string>
}
const tolerance = 1e-12
const decoder = new TextDecoder()

/** Looks at every command for the kit's runs as it comes. */
export function createCommandJudge(findings: Findings<ServerRuleId>, partitions: () => number) {
  const runs = new Map<string, Watched>()
  const ids = new Map<string, string>()
  const listeners = new Set<() => void>()

  function see(message: IncomingMessage): void {
    const key = message.key === null ? '' : decoder.decode(message.key)
    let data: unknown
    try {
      data = message.value === null ? undefined : JSON.parse(decoder.decode(message.value))
    } catch {
      data = undefined
    }
    const said = (data as { run?: unknown } | undefined)?.run
    const run = runs.has(key) ? key : typeof said === 'string' && runs.has(said) ? said : undefined
    if (run === undefined || message.value === null) return
    const where = `partition ${message.partition}, offset ${message.offset}`
    findings.check('command.key', key === said, () => ({ where, expected: show(said), got: show(key) }))
    const wanted = partitionOfKey(run, partitions())
    findings.check('command.partition', message.partition === wanted, () => ({
      where,
      expected: `partition ${wanted} for the run ${show(run)}`,
      got: `partition ${message.partition}`,
    }))
    judgeHeaders(message, data, where)
    judgeCommand(run, data, where)
  }

  function judgeHeaders({ headers }: IncomingMessage, data: unknown, where: string): void {
    const id = headerText(headers, 'ce_id') ?? ''
    const sound =
      id !== '' &&
      headerText(headers, 'ce_type') === typeOf('mixture.set') &&
      (headerText(headers, 'ce_source') ?? '') !== '' &&
      headerText(headers, 'ce_specversion') === '1.0'
    const said = canonicalJson(data)
    const same = (ids.get(id) ?? said) === said
    ids.set(id, said)
    findings.check('command.headers', sound && same, () => ({
      where,
      expected: `ce_id, ce_type ${typeOf('mixture.set')}, ce_source, ce_specversion 1.0, and an id of its own`,
      got: same
        ? show(Object.fromEntries(Object.keys(headers).map((name) => [name, headerText(headers, name)])))
        : `the id ${show(id)} of another command`,
    }))
  }

  /** Also for what HTTP hands out. */
  function judgeCommand(run: string, data: unknown, where: string): void {
    const fault = schemaFault('mixture.set', data)
    findings.check('command.schema', fault === undefined, () => ({
      where,
      expected: 'a sound mixture.set',
      got: fault!,
    }))
    if (fault !== undefined) return
    const command = data as MixtureSet
    const watched = runs.get(run)!
    findings.check('command.domains', canonicalJson(command.domains) === canonicalJson(domains), () => ({
      where,
      expected: show(domains),
      got: show(command.domains),
    }))
    const sum = command.weights.reduce((total, weight) => total + weight, 0)
    const onSimplex =
      command.weights.length === domains.length &&
      command.weights.every((weight) => weight >= 0) &&
      Math.abs(sum - 1) <= tolerance
    findings.check('command.simplex', onSimplex, () => ({
      where,
      expected: `${domains.length} weights, not negative, that sum to 1`,
      got: `${show(command.weights)}, which sum to ${sum}`,
    }))
    findings.check('command.from-step', command.fromStep > command.decidedAtStep, () => ({
      where,
      expected: `fromStep above decidedAtStep, ${command.decidedAtStep}`,
      got: `${command.fromStep}`,
    }))
    const { openedBy } = command as { openedBy?: unknown }
    const opening = watched.openedBy.get(command.attempt)
    findings.check('command.opened-by', opening !== undefined && openedBy === opening, () => ({
      where,
      expected: opening === undefined ? 'an attempt that was opened' : show(opening),
      got: opening === undefined ? `attempt ${command.attempt}` : show(openedBy),
    }))
    keep(watched, command, where)
  }

  function keep({ commands }: Watched, command: MixtureSet, where: string): void {
    const before = commands.find(({ version }) => version === command.version)
    const newest = commands.at(-1)?.version ?? 0
    if (before === undefined) {
      findings.check('command.version', command.version === newest + 1, () => ({
        where,
        expected: `version ${newest + 1}`,
        got: `version ${command.version}`,
      }))
      commands.push(command)
    } else
      findings.check('command.version', canonicalJson(before) === canonicalJson(command), () => ({
        where,
        expected: `version ${command.version} as it was sent before`,
        got: 'another mixture under the same version',
      }))
    for (const tell of [...listeners]) tell()
  }

  return {
    see,
    judgeCommand,
    watch(run: string) {
      const watched: Watched = { commands: [], openedBy: new Map() }
      runs.set(run, watched)
      return watched
    },
    onChange(tell: () => void): () => void {
      listeners.add(tell)
      return () => void listeners.delete(tell)
    },
  }
}
export type CommandJudge = ReturnType<typeof createCommandJudge>
