import { Inject, Injectable } from '@nestjs/common'
import type { IncomingMessage } from '@mixdesk/messaging'
import type { Config } from '../config.js'
import { CONFIG } from '../platform/tokens.js'
import { parseMessage, type Parsed } from './parse-message.js'

/** Messages of a partition that the other reader has not asked for; some two kilobytes each. */
const mostKept = 2048

/**
 * Parses each message of the trainers' log once where both its readers, desks and history, live in this process: the
 * second takes what the first has parsed. What a reader is too far ahead for is parsed again.
 */
@Injectable()
export class ParsedMessages {
  private readonly kept = new Map<number, Map<string, Parsed>>()
  private readonly shared: boolean

  constructor(@Inject(CONFIG) config: Config) {
    this.shared = config.MIXDESK_ROLES.includes('mixture') && config.MIXDESK_ROLES.includes('history')
  }

  parse(message: IncomingMessage): Parsed {
    if (!this.shared) return parseMessage(message)
    const { partition, offset } = message
    let kept = this.kept.get(partition)
    if (kept === undefined) this.kept.set(partition, (kept = new Map<string, Parsed>()))
    const found = kept.get(offset)
    if (found !== undefined) {
      kept.delete(offset)
      return found
    }
    const parsed = parseMessage(message)
    kept.set(offset, parsed)
    if (kept.size > mostKept) kept.delete(kept.keys().next().value!)
    return parsed
  }
}
