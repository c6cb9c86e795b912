import { Inject, Injectable } from '@nestjs/common'
import type { IncomingMessage } from '@mixdesk/messaging'
import type { Config } from '../config.js'
import { CONFIG } from '../platform/tokens.js'
import { parseMessage, type Parsed } from './parse-message.js'

/** Messages of a partition that the other reader has not asked for; some two kilobytes each. */
const mostKept = 2048
/** A reader that asked for nothing this long is not about to: nobody waits for it. */
const patienceMs = 100
/** Longest wait for the other reader at a time. */
const longestWaitMs = 50

type Reader = 'desks' | 'history'
type Kept = {
  readonly messages: Map<string, Parsed>
  /** Who is ahead: the reader that parsed last. */
  ahead: Reader
  /** When the other one last took something. */
  takenAt: number
  wake: (() => void) | undefined
}

/**
 * Parses each message of the trainers' log once where both its readers, desks and history, live in this process: the
 * second takes what the first has parsed. In a backlog the first waits a little for the second, as long as that one is
 * coming along: parsing everything twice would make both slower. What it is too far ahead for all the same is parsed again.
 */
@Injectable()
export class ParsedMessages {
  private readonly kept = new Map<number, Kept>()
  private readonly shared: boolean

  constructor(@Inject(CONFIG) config: Config) {
    this.shared = config.MIXDESK_ROLES.includes('mixture') && config.MIXDESK_ROLES.includes('history')
  }

  parse(message: IncomingMessage, reader: Reader): Parsed {
    if (!this.shared) return parseMessage(message)
    const kept = this.keptOf(message.partition, reader)
    const { messages } = kept
    const found = messages.get(message.offset)
    if (found !== undefined) {
      messages.delete(message.offset)
      kept.takenAt = performance.now()
      if (messages.size <= mostKept / 2) kept.wake?.()
      return found
    }
    const parsed = parseMessage(message)
    kept.ahead = reader
    messages.set(message.offset, parsed)
    if (messages.size > mostKept) messages.delete(messages.keys().next().value!)
    return parsed
  }

  /** Resolves when a reader that is ahead may go on: the other has caught up, isn't coming, or the time is up. */
  async whenRoom(partition: number, reader: Reader): Promise<void> {
    const kept = this.kept.get(partition)
    if (kept === undefined || kept.ahead !== reader || kept.messages.size < mostKept - 256) return
    if (performance.now() - kept.takenAt > patienceMs) return
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        kept.wake = undefined
        resolve()
      }
      const timer = setTimeout(done, longestWaitMs)
      kept.wake = done
    })
  }

  private keptOf(partition: number, reader: Reader): Kept {
    let kept = this.kept.get(partition)
    if (kept === undefined) {
      kept = { messages: new Map(), ahead: reader, takenAt: -Infinity, wake: undefined }
      this.kept.set(partition, kept)
    }
    return kept
  }
}
