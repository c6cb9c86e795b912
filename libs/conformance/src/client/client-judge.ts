import {
  canonicalJson,
  isTrainerEventName,
  limits,
  parseTrainerEvent,
  show,
  typeOf,
  type LossesMeasured,
  type MixtureApplied,
  type MixtureRefused,
  type RunFinished,
  type RunResumed,
  type RunStarted,
  type TrainerEvent,
} from '@mixdesk/contracts'
import { partitionOfKey } from '@mixdesk/messaging'
import { createFindings, type Detail, type Findings } from '../rules.js'
import { schemaFault } from '../schemas.js'
import { open, tooLarge, type Caught, type Opened } from '../seen.js'
import { clientRules, type ClientRuleId } from './client-rules.js'
import { createFollowed, farthest } from './followed.js'
import { inForceAt, missingSteps, newRankLog, type RankLog } from './rank-log.js'

/** A command as the kit sent it. */
export type Sent = {
  readonly version: number
  readonly attempt: number
  readonly fromStep: number
  /** By domain of the run, in its order; undefined where the command is no mixture to sample by. */
  readonly weights: readonly number[] | undefined
  readonly kind: 'usable' | 'unusable' | 'optional' | 'foreign'
}

/** Nats per token that a language model may have; beyond, something else was sent. */
const [leastLoss, mostLoss] = [0.05, 30]

/** Watches a run's events, in the order of their log, and says what is wrong with them. */
export function createClientJudge(run: string, partitions: number | undefined) {
  const findings: Findings<ClientRuleId> = createFindings(clientRules)
  const sent = new Map<number, Sent>()
  const fingerprints = new Map<string, string>()
  const refusals = new Map<number, number>()
  const followed = createFollowed()
  const listeners = new Set<() => void>()
  let ranks = new Map<number, RankLog>()
  let started:
    { readonly data: RunStarted; readonly id: string | undefined; readonly text: string } | undefined
  let openedBy: string | undefined
  let attempt = 1
  let attemptFloor = 0
  let resumedFrom = -1
  let declaredRanks = 1
  let finished: RunFinished | undefined
  let events = 0
  let repeats = 0

  const check = (id: ClientRuleId, holds: boolean, where: string, detail: () => Omit<Detail, 'where'>) =>
    findings.check(id, holds, () => ({ where, ...detail() }))
  const rankLog = (rank: number): RankLog => {
    const log = ranks.get(rank) ?? newRankLog(rank, resumedFrom)
    ranks.set(rank, log)
    return log
  }

  /** Whether the event is about the run: by its key, or by what it says. */
  function isOurs(caught: Caught, { data }: Opened): boolean {
    return (
      (caught.by === 'kafka' && caught.key === run) || (data as { run?: unknown } | undefined)?.run === run
    )
  }

  function see(caught: Caught): void {
    const opened = open(caught)
    if (!isOurs(caught, opened)) return
    events++
    const { where } = caught
    if (caught.by === 'kafka') judgePlace(caught)
    const event = judgeForm(opened, where)
    if (event !== undefined && !isRepeat(opened, where)) judgeStory(event, opened, where)
    for (const tell of [...listeners]) tell()
  }

  function judgePlace({ key, partition, where }: Extract<Caught, { by: 'kafka' }>): void {
    check('kafka.key', key === run, where, () => ({
      expected: `the key ${show(run)}`,
      got: key === null ? 'no key' : show(key),
    }))
    if (key === null || partitions === undefined) return
    const wanted = partitionOfKey(key, partitions)
    check('kafka.partition', partition === wanted, where, () => ({
      expected: `partition ${wanted} of ${partitions} for the key ${show(key)}`,
      got: `partition ${partition}`,
    }))
  }

  function judgeForm(opened: Opened, where: string): TrainerEvent | undefined {
    const { name, type, data, missing, notJson, notFinite, mode } = opened
    check('event.size', !tooLarge(opened), where, () => ({
      expected: `at most ${limits.messageBytes} bytes`,
      got: `${opened.bytes}`,
    }))
    const notNumber = notFinite === true
    check('event.finite', !notNumber, where, () => ({ expected: 'numbers or null', got: 'NaN or Infinity' }))
    if (
      !check('event.json', notJson === undefined || notNumber, where, () => ({
        expected: 'JSON',
        got: notJson!,
      }))
    )
      return undefined
    check('event.headers', missing.length === 0, where, () => ({
      expected: mode === 'binary' ? 'all CloudEvents headers' : 'all CloudEvents attributes',
      got: `none or a wrong ${missing.join(', ')}`,
    }))
    const timed = opened.time !== undefined && !Number.isNaN(Date.parse(opened.time))
    const labelled = mode === 'structured' || opened.contentType?.startsWith('application/json') === true
    check('event.time', timed && labelled, where, () => ({
      expected: 'ce_time in RFC 3339, and content-type application/json',
      got: `${timed ? '' : `the time ${show(opened.time)} `}${labelled ? '' : `the content-type ${show(opened.contentType)}`}`.trim(),
    }))
    if (notNumber || type === undefined) return undefined
    if (
      !check('event.type', isTrainerEventName(name), where, () => ({
        expected: `a type such as ${typeOf('losses.measured')}`,
        got: show(type),
      }))
    )
      return undefined
    const parsed = parseTrainerEvent({ type, name, data })
    const fault = schemaFault(name!, data) ?? (parsed.ok ? undefined : parsed.because)
    check('event.schema', fault === undefined, where, () => ({ expected: `a sound ${name}`, got: fault! }))
    return fault === undefined && parsed.ok ? parsed.value : undefined
  }

  /** Whether it is the same event once more, which is allowed. */
  function isRepeat({ id, source, type, data }: Opened, where: string): boolean {
    if (id === undefined) return false
    const key = JSON.stringify([source, id])
    const said = canonicalJson([type, data])
    const before = fingerprints.get(key)
    fingerprints.set(key, before ?? said)
    check('event.id', before === undefined || before === said, where, () => ({
      expected: `the id ${show(id)} for one event`,
      got: `another ${type} under the same id`,
    }))
    if (before === said) repeats++
    return before === said
  }

  function judgeStory(event: TrainerEvent, { id }: Opened, where: string): void {
    if (event.name === 'run.started') return start(event.data, id, where)
    if (
      !check('start.first', started !== undefined, where, () => ({
        expected: 'run.started before it',
        got: event.name,
      }))
    )
      return
    if (event.name === 'run.resumed') return resume(event.data, id, where)
    check('finish.last', finished === undefined, where, () => ({
      expected: 'nothing after run.finished',
      got: event.name,
    }))
    if ('attempt' in event.data) {
      const { attempt: of } = event.data
      const current = check('event.attempt', of === attempt, where, () => ({
        expected: `attempt ${attempt}`,
        got: `attempt ${of} in ${event.name}`,
      }))
      if (!current) return
    }
    if (event.name === 'losses.measured') losses(event.data, where)
    else if (event.name === 'mixture.applied') applied(event.data, where)
    else if (event.name === 'mixture.refused') refused(event.data, where)
    else if (event.name === 'run.finished') finished ??= event.data
  }

  function start(data: RunStarted, id: string | undefined, where: string): void {
    const text = canonicalJson(data)
    const same = started === undefined || started.text === text
    check('start.once', same, where, () => ({
      expected: 'the settings the run started with',
      got: 'a second run.started with others',
    }))
    if (started !== undefined) return
    check('start.first', true, where, () => ({ expected: '', got: '' }))
    started = { data, id, text }
    openedBy = id
    declaredRanks = data.ranks
  }

  function resume(data: RunResumed, id: string | undefined, where: string): void {
    check('event.attempt', data.attempt > attempt, where, () => ({
      expected: `an attempt above ${attempt}`,
      got: `attempt ${data.attempt} in run.resumed`,
    }))
    attempt = Math.max(attempt, data.attempt)
    attemptFloor = Math.max(0, ...sent.keys())
    openedBy = id
    resumedFrom = data.step
    declaredRanks = data.ranks ?? declaredRanks
    finished = undefined
    ranks = new Map()
  }

  function isRank(rank: number, where: string): boolean {
    return check('losses.rank', rank < declaredRanks, where, () => ({
      expected: `a rank from 0 to ${declaredRanks - 1}`,
      got: `rank ${rank}`,
    }))
  }

  function losses(data: LossesMeasured, where: string): void {
    const { rank, step, domains, tokens } = data
    const count = started!.data.domains.length
    const fits = domains === undefined ? tokens.length === count : domains.every((index) => index < count)
    check('losses.domains', fits, where, () => ({
      expected: `${count} entries, or \`domains\` with indices below ${count}`,
      got: domains === undefined ? `${tokens.length} entries` : `indices ${show(domains)}`,
    }))
    if (!isRank(rank, where)) return
    const log = rankLog(rank)
    const once = check('losses.once', !log.steps.has(step), where, () => ({
      expected: `one report of step ${step} by rank ${rank}`,
      got: 'another one, under another id',
    }))
    if (once)
      check('losses.order', step > log.lastStep, where, () => ({
        expected: `a step above ${log.lastStep} from rank ${rank}`,
        got: `step ${step}`,
      }))
    log.steps.add(step)
    log.lastStep = Math.max(log.lastStep, step)
    judgeSums(data, where)
    if (data.mixtureVersion !== undefined) judgeVersion(log, data.mixtureVersion, step, where)
    if (fits && data.mixtureVersion !== undefined && sent.get(data.mixtureVersion)?.weights !== undefined)
      followed.add(data.mixtureVersion, count, tokens, domains)
  }

  function judgeSums({ tokens, lossSum, step, rank }: LossesMeasured, where: string): void {
    const means = tokens.flatMap((some, i) => {
      const sum = lossSum[i]
      return some > 0 && typeof sum === 'number' ? [sum / some] : []
    })
    if (means.length === 0) return
    const plausible = means.some((mean) => mean >= leastLoss) && means.every((mean) => mean <= mostLoss)
    check('losses.sums', plausible, where, () => ({
      expected: `${leastLoss} to ${mostLoss} nats for each token`,
      got: `${show(means.map((mean) => Number(mean.toPrecision(3))))} in step ${step} of rank ${rank}`,
    }))
  }

  function judgeVersion(log: RankLog, version: number, step: number, where: string): void {
    const of = `in step ${step} of rank ${log.rank}`
    const command = sent.get(version)
    const known =
      version === 0 || (command !== undefined && command.kind !== 'foreign' && command.kind !== 'unusable')
    if (
      !check('losses.version', known, where, () => ({
        expected: 'a version that was sent and can be used',
        got: `mixtureVersion ${version} ${of}`,
      }))
    )
      return
    check('losses.version-falls', version >= log.version, where, () => ({
      expected: `version ${log.version} or a newer one`,
      got: `version ${version} ${of}`,
    }))
    log.version = Math.max(log.version, version)
    const told = version <= attemptFloor || log.acknowledged.has(version)
    check('losses.version-acknowledged', told, where, () => ({
      expected: `mixture.applied of version ${version} before losses under it`,
      got: `losses ${of}`,
    }))
    const inForce = inForceAt(log, step)
    if (inForce > 0)
      check('losses.version-lags', version >= inForce, where, () => ({
        expected: `version ${inForce}, acknowledged at step ${log.acknowledged.get(inForce)}`,
        got: `version ${version} ${of}`,
      }))
  }

  function command(version: number, what: string, where: string): Sent | undefined {
    const found = sent.get(version)
    const ours = found !== undefined && found.kind !== 'foreign' && found.attempt <= attempt
    check('mixture.sent', ours, where, () => ({
      expected: 'a version sent to this run and attempt',
      got: `${what} of version ${version}`,
    }))
    return ours ? found : undefined
  }

  function applied({ version, step, rank }: MixtureApplied, where: string): void {
    const found = command(version, 'mixture.applied', where)
    if (found === undefined || !isRank(rank, where)) return
    if (found.kind === 'unusable') {
      check('refuse.unusable', false, where, () => ({
        expected: `mixture.refused of version ${version}`,
        got: `mixture.applied by rank ${rank}`,
      }))
      return
    }
    const log = rankLog(rank)
    check('mixture.from-step', step >= found.fromStep, where, () => ({
      expected: `a step from ${found.fromStep} on for version ${version}`,
      got: `step ${step}`,
    }))
    const first = check('mixture.once', !log.acknowledged.has(version), where, () => ({
      expected: `one mixture.applied of version ${version} from rank ${rank}`,
      got: `another one, at step ${step}`,
    }))
    if (!first) return
    check('mixture.order', version > log.newestAcknowledged, where, () => ({
      expected: `a version above ${log.newestAcknowledged} from rank ${rank}`,
      got: `version ${version}`,
    }))
    check('mixture.boundary', step > log.lastStep, where, () => ({
      expected: `a step after ${log.lastStep}, the last that rank ${rank} reported`,
      got: `step ${step}`,
    }))
    for (const other of ranks.values()) {
      const theirs = other.acknowledged.get(version)
      if (theirs === undefined) continue
      check('mixture.same-step', theirs === step, where, () => ({
        expected: `version ${version} at step ${theirs}, as rank ${other.rank}`,
        got: `step ${step} by rank ${rank}`,
      }))
    }
    log.acknowledged.set(version, step)
    log.newestAcknowledged = Math.max(log.newestAcknowledged, version)
  }

  function refused({ version, because }: MixtureRefused, where: string): void {
    const found = command(version, 'mixture.refused', where)
    if (found === undefined) return
    const before = refusals.get(version) ?? 0
    refusals.set(version, before + 1)
    const taken = [...ranks.values()].some((log) => log.acknowledged.has(version))
    check('mixture.once', before < declaredRanks && !taken, where, () => ({
      expected: `at most one answer of each rank to version ${version}`,
      got: taken ? 'mixture.refused of a version that was applied' : `mixture.refused number ${before + 1}`,
    }))
    if (found.kind === 'usable')
      check('refuse.usable', false, where, () => ({
        expected: `mixture.applied of version ${version}`,
        got: `mixture.refused: ${because}`,
      }))
    if (found.kind === 'unusable')
      check('refuse.unusable', because.trim() !== '', where, () => ({
        expected: 'a sentence in `because`',
        got: 'none',
      }))
  }

  /** What can only be said once all is there. */
  function end(): void {
    const where = 'at the end'
    if (started === undefined) {
      check('start.first', false, where, () => ({ expected: 'run.started', got: `none in ${events} events` }))
      return
    }
    const logs = Array.from({ length: Math.min(declaredRanks, 1024) }, (_, rank) => rankLog(rank))
    const silent = logs.filter((log) => log.steps.size === 0).map((log) => log.rank)
    const missing = missingSteps(logs)
    check('losses.ranks', silent.length === 0 && missing.length === 0, where, () => ({
      expected: `every step from all ${declaredRanks} ranks`,
      got:
        silent.length > 0
          ? `nothing from rank ${silent.join(', ')}`
          : `a rank lacks in steps ${show(missing)}`,
    }))
    const distance = followed.distance((version) => sent.get(version)?.weights)
    if (distance !== undefined)
      check('mixture.followed', distance <= farthest, where, () => ({
        expected: `shares of tokens within ${farthest} of the weights, Σ |share − weight|`,
        got: distance.toFixed(2),
      }))
  }

  return {
    see,
    end,
    check,
    results: findings.results,
    faults: findings.faults,
    /** Call it before the command goes out, or its answer may come first. */
    sent: (command: Sent) => void sent.set(command.version, command),
    started: () => started?.data,
    openedBy: () => openedBy,
    attempt: () => attempt,
    finished: () => finished,
    repeats: () => repeats,
    events: () => events,
    /** Whether all ranks have acknowledged the version. */
    appliedByAll: (version: number) =>
      [...ranks.values()].filter((log) => log.acknowledged.has(version)).length >= declaredRanks,
    isRefused: (version: number) => refusals.has(version),
    /** The newest step that any rank has reported. */
    newestStep: () => Math.max(-1, ...[...ranks.values()].map((log) => log.lastStep)),
    /** The newest step that all ranks have reported. */
    commonStep: () =>
      ranks.size < declaredRanks ? -1 : Math.min(...[...ranks.values()].map((log) => log.lastStep)),
    onChange(tell: () => void): () => void {
      listeners.add(tell)
      return () => void listeners.delete(tell)
    },
  }
}
export type ClientJudge = ReturnType<typeof createClientJudge>
