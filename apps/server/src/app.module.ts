import { Module, type DynamicModule } from '@nestjs/common'
import { CqrsModule } from '@nestjs/cqrs'
import type { Analytics } from '@mixdesk/analytics'
import type { EventStore } from '@mixdesk/event-store'
import type { Messaging } from '@mixdesk/messaging'
import { Adviser } from './advice/adviser.js'
import type { Config } from './config.js'
import { EventsController } from './events/events.controller.js'
import { Events } from './events/events.service.js'
import { HealthController } from './health/health.controller.js'
import { Lag } from './health/lag.js'
import { HistoryWriter } from './history/history-writer.js'
import { Intake } from './intake/intake.js'
import { ParsedMessages } from './intake/parsed-messages.js'
import { Sweep } from './intake/sweep.js'
import { AdvanceMixtureHandler } from './mixture/advance-mixture.command.js'
import { DeadLetters } from './mixture/dead-letters.js'
import { Desks } from './mixture/desks.js'
import { LearningSource } from './mixture/learning-source.js'
import { MixtureSaga } from './mixture/mixture.saga.js'
import { createMetrics, METRICS } from './platform/metrics.js'
import { ANALYTICS, CONFIG, EVENT_STORE, MESSAGING } from './platform/tokens.js'
import { UnhandledExceptions } from './platform/unhandled-exceptions.js'
import { PoliciesController } from './policies/policies.controller.js'
import { ReplayController } from './replay/replay.controller.js'
import { Replays } from './replay/replays.js'
import { LedgerWatch, LedgerWatchHandler } from './runs/ledger-watch.js'
import { RequestsController } from './runs/requests.controller.js'
import { RunsController } from './runs/runs.controller.js'
import { Runs } from './runs/runs.service.js'
import { SqlController } from './sql/sql.controller.js'
import { Relay } from './weights/relay.js'
import { Wake } from './weights/wake.js'

/** What the server stands on; the only place where adapters meet. */
export type Foundations = {
  readonly config: Config
  readonly store: EventStore
  readonly messaging: Messaging
  readonly analytics: Analytics | undefined
  /** False leaves the sagas out: a test shows that decisions come all the same. */
  readonly sagas?: boolean
}

@Module({})
export class AppModule {
  static with({ config, store, messaging, analytics, sagas }: Foundations): DynamicModule {
    const serves = config.MIXDESK_ROLES.includes('api')
    return {
      module: AppModule,
      imports: [CqrsModule.forRoot()],
      controllers: [
        HealthController,
        ...(serves
          ? [
              EventsController,
              PoliciesController,
              RunsController,
              RequestsController,
              SqlController,
              ReplayController,
            ]
          : []),
      ],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: EVENT_STORE, useValue: store },
        { provide: MESSAGING, useValue: messaging },
        { provide: ANALYTICS, useValue: analytics },
        { provide: METRICS, useFactory: createMetrics },
        Adviser,
        Desks,
        DeadLetters,
        LearningSource,
        AdvanceMixtureHandler,
        ...(sagas === false ? [] : [MixtureSaga]),
        UnhandledExceptions,
        ParsedMessages,
        Intake,
        Sweep,
        Wake,
        Relay,
        HistoryWriter,
        Lag,
        Events,
        Runs,
        Replays,
        LedgerWatch,
        LedgerWatchHandler,
      ],
    }
  }
}
