import { Inject, Injectable } from '@nestjs/common'
import { topics } from '@mixdesk/contracts'
import type { Messaging } from '@mixdesk/messaging'
import { historyGroup } from '../history/history-writer.js'
import { mixtureGroup } from '../intake/intake.js'
import { METRICS, type Metrics } from '../platform/metrics.js'
import { MESSAGING } from '../platform/tokens.js'

export type GroupLag = { readonly group: string; readonly topic: string; readonly lag: number }

/** How many messages each group has yet to make durable. */
@Injectable()
export class Lag {
  constructor(
    @Inject(MESSAGING) private readonly messaging: Messaging,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  async measure(): Promise<readonly GroupLag[]> {
    const wanted = [
      { group: mixtureGroup, topic: topics.trainerEvents },
      { group: historyGroup, topic: topics.trainerEvents },
      { group: historyGroup, topic: topics.ledger },
      { group: historyGroup, topic: topics.deadLetters },
    ]
    const lags = await Promise.all(wanted.map((one) => this.lagOf(one.group, one.topic)))
    for (const group of [mixtureGroup, historyGroup])
      this.metrics.lag.set(
        { group },
        lags.filter((one) => one.group === group).reduce((sum, one) => sum + one.lag, 0),
      )
    return lags
  }

  private async lagOf(group: string, topic: string): Promise<GroupLag> {
    const [ends, committed] = await Promise.all([
      this.messaging.offsets(topic),
      this.messaging.committed(group, topic),
    ])
    const done = new Map(committed.map(({ partition, offset }) => [partition, Number(offset)]))
    const lag = ends.reduce(
      (sum, { partition, low, high }) =>
        sum + Math.max(0, Number(high) - Math.max(Number(low), done.get(partition) ?? -1, 0)),
      0,
    )
    return { group, topic, lag }
  }
}
