import { assignmentOf, type Assignment } from '../assignment.js'
import { backoffMs, isRetriable, messageOf } from '../backoff.js'
import type { ConsumerOptions } from '../messaging.js'
import type { Log } from './kafka-logger.js'
import type { OwnedPartition } from './owned-partitions.js'

/**
 * Tells the owner what was revoked and assigned, one after another and in order, however fast generations follow.
 * A batch waits until its assignment has been told (`settled`).
 */
export function announcer(options: ConsumerOptions, log: Log) {
  let told: Promise<void> = Promise.resolve()
  let pending = 0
  let generation = 0

  async function tell(
    gone: readonly OwnedPartition[],
    assigned: Assignment | undefined,
    mine: number,
    giveUp?: (reason: string) => void,
  ) {
    if (gone.length > 0)
      try {
        await options.onRevoked?.(assignmentOf(gone))
      } catch (error) {
        log('error', `onRevoked of ${options.group} failed: ${messageOf(error)}`, { groupId: options.group })
      }
    // Outdated by a newer generation: that one tells its own.
    for (let attempt = 0; assigned && mine === generation; attempt += 1)
      try {
        await options.onAssigned?.(assigned)
        return
      } catch (error) {
        log('error', `onAssigned of ${options.group} failed: ${messageOf(error)}`, { groupId: options.group })
        if (!isRetriable(error)) {
          if (mine === generation) giveUp?.(`onAssigned failed: ${messageOf(error)}`)
          return
        }
        await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt)))
      }
  }

  function announce(
    gone: readonly OwnedPartition[],
    assigned: Assignment | undefined,
    giveUp?: (reason: string) => void,
  ): Promise<void> {
    const mine = (generation += 1)
    pending += 1
    told = told.then(() => tell(gone, assigned, mine, giveUp)).finally(() => (pending -= 1))
    return told
  }

  /** Waits until everything has been told, keeping the membership meanwhile. */
  announce.settled = async (everyMs: number, heartbeat: () => Promise<void>): Promise<void> => {
    while (pending > 0) {
      let timer: NodeJS.Timeout | undefined
      await Promise.race([told, new Promise((resolve) => (timer = setTimeout(resolve, everyMs)))])
      clearTimeout(timer)
      await heartbeat()
    }
  }
  return announce
}
