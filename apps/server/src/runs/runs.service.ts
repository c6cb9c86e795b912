import { Inject, Injectable } from '@nestjs/common'
import { streamOf, type LedgerEnvelope, type MixtureSet } from '@mixdesk/contracts'
import type { EventStore, RunFilter, StoredRunRow } from '@mixdesk/event-store'
import { commandOf } from '@mixdesk/mixture'
import { EVENT_STORE } from '../platform/tokens.js'
import { ProblemException } from '../platform/problem.js'
import { LedgerWatch } from './ledger-watch.js'
import { warningsOf } from './warnings.js'

const decisionTypes = [
  'MixtureDecided',
  'MixtureHeld',
  'MixtureOverridden',
  'MixtureFrozen',
  'MixtureThawed',
  'MixtureExpired',
  'MixtureRefused',
  'RequestRefused',
  'OpeningRefused',
  'DomainQuarantined',
] as const

/** What is known of runs, read from the ledger. */
@Injectable()
export class Runs {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly watch: LedgerWatch,
  ) {}

  list(filter: RunFilter) {
    return this.store.listRuns(filter)
  }

  async find(run: string): Promise<StoredRunRow> {
    const found = await this.store.findRun(run)
    if (found === undefined)
      throw new ProblemException(404, `There is no run "${run}". GET /v1/runs lists those there are.`)
    return found
  }

  /** A run with what is known of its present attempt, and what people should look at. */
  async show(run: string) {
    const row = await this.find(run)
    const openedBy = await this.openedBy(run)
    return {
      ...row,
      ...(openedBy === undefined ? {} : { openedBy }),
      warnings: warningsOf(row),
    }
  }

  /** CloudEvents id of what opened the attempt, or the newest one. */
  private async openedBy(run: string, attempt?: number): Promise<string | undefined> {
    const openings = await this.store.readStream(streamOf(run), {
      types: ['RunStarted', 'RunResumed'],
      newestFirst: true,
      // A later attempt may have begun since the mixture was read.
      limit: attempt === undefined ? 1 : 8,
    })
    const found = attempt === undefined ? openings[0] : openings.find((one) => one.data.attempt === attempt)
    return found?.type === 'RunStarted' || found?.type === 'RunResumed' ? found.data.openedBy : undefined
  }

  /** The newest mixture as its trainer gets it; waits for one newer than `after` where asked to. Undefined when there is none newer. */
  async mixture(
    run: string,
    after: number | undefined,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<MixtureSet | undefined> {
    // A run that has just been started over HTTP may take a moment to be in the ledger: whoever is ready to wait, waits.
    const row =
      (await this.watch.until(run, () => this.store.findRun(run), waitMs, signal)) ?? (await this.find(run))
    if (row.status === 'refused')
      throw new ProblemException(
        409,
        `The run "${run}" was refused at its start, so it gets no mixtures. ${row.problems.join(' ')}`,
        { problems: row.problems },
      )
    const look = async () => {
      const [newest] = await this.store.readStream(streamOf(run), {
        types: ['MixtureDecided'],
        newestFirst: true,
        limit: 1,
      })
      if (newest?.type !== 'MixtureDecided' || newest.data.version <= (after ?? 0)) return undefined
      const openedBy = await this.openedBy(run, newest.data.attempt)
      return { ...commandOf(newest.data, openedBy), domains: [...row.domains] }
    }
    return this.watch.until(run, look, waitMs, signal)
  }

  /** Decisions, holds and what people did, newest first unless a place to go on from is given. */
  async decisions(
    run: string,
    options: { readonly afterVersion?: number; readonly limit: number },
  ): Promise<readonly LedgerEnvelope[]> {
    await this.find(run)
    return this.store.readStream(streamOf(run), {
      types: decisionTypes,
      limit: options.limit,
      ...(options.afterVersion === undefined
        ? { newestFirst: true }
        : { afterVersion: options.afterVersion }),
    })
  }

  /** Waits for the ledger's answer to a person's request. */
  answerTo(run: string, requestId: string, waitMs: number): Promise<LedgerEnvelope | undefined> {
    const types = ['MixtureFrozen', 'MixtureThawed', 'MixtureOverridden', 'RequestRefused']
    const look = async () => {
      const newest = await this.store.readStream(streamOf(run), { types, newestFirst: true, limit: 20 })
      return newest.find((fact) => 'requestId' in fact.data && fact.data.requestId === requestId)
    }
    return this.watch.until(run, look, waitMs)
  }
}
