import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common'
import { UnhandledExceptionBus } from '@nestjs/cqrs'
import type { Subscription } from 'rxjs'
import { METRICS, type Metrics } from './metrics.js'

/** The one subscriber of what nobody caught in sagas and handlers: logs and counts. */
@Injectable()
export class UnhandledExceptions implements OnModuleDestroy {
  private readonly logger = new Logger('unhandled')
  private readonly subscription: Subscription

  constructor(bus: UnhandledExceptionBus, @Inject(METRICS) metrics: Metrics) {
    this.subscription = bus.subscribe(({ exception }) => {
      metrics.unhandled.inc()
      this.logger.error(
        exception instanceof Error ? (exception.stack ?? exception.message) : String(exception),
      )
    })
  }

  onModuleDestroy(): void {
    this.subscription.unsubscribe()
  }
}
