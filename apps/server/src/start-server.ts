import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger'
import { topicSettings } from '@mixdesk/contracts'
import 'reflect-metadata'
import { Adviser } from './advice/adviser.js'
import { AppModule, type Foundations } from './app.module.js'
import { HistoryWriter } from './history/history-writer.js'
import { Intake } from './intake/intake.js'
import { Sweep } from './intake/sweep.js'
import { loadPolicies } from './policies/load-policies.js'
import { limits } from './platform/limits.js'
import { createLogger } from './platform/logger.js'
import { ProblemFilter } from './platform/problem.filter.js'
import { Relay } from './weights/relay.js'

export type Server = {
  /** http://host:port */
  readonly url: string
  readonly app: NestFastifyApplication
  /** Drains: no new work, what is in hand is finished and saved, then the connections close. */
  stop(): Promise<void>
}

/** Starts the parts that the configuration names, on foundations that are made but not started. */
export async function startServer(foundations: Foundations): Promise<Server> {
  const { config, store, messaging, analytics } = foundations
  const plays = (role: (typeof config.MIXDESK_ROLES)[number]) => config.MIXDESK_ROLES.includes(role)
  // First of all: a run that is mixed by one of them cannot be opened without it.
  await loadPolicies(config.MIXDESK_POLICIES)
  await Promise.all([store.start(), messaging.start(), analytics?.start()])
  await messaging.ensureTopics(
    topicSettings.map(({ topic, compacted }) => ({
      topic,
      compacted,
      partitions: config.MIXDESK_PARTITIONS,
      replicationFactor: config.MIXDESK_REPLICATION,
    })),
  )

  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(foundations),
    new FastifyAdapter({ bodyLimit: limits.bodyBytes }),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class in name only
    {
      logger: createLogger(config.MIXDESK_LOG_LEVEL),
      abortOnError: false,
    },
  )
  for (const type of ['application/cloudevents+json', 'application/cloudevents-batch+json'])
    app.useBodyParser(type, { bodyLimit: limits.bodyBytes }, parseJsonBody)
  app.useGlobalFilters(new ProblemFilter())
  if (plays('api'))
    SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, openApi()), {
      jsonDocumentUrl: 'docs/openapi.json',
    })
  await app.listen(config.MIXDESK_PORT, config.MIXDESK_HOST)

  const intake = app.get(Intake)
  const sweep = app.get(Sweep)
  const relay = app.get(Relay)
  const history = app.get(HistoryWriter)
  if (plays('relay')) relay.start()
  if (plays('mixture')) {
    await intake.start()
    sweep.start()
  }
  if (plays('history')) await history.start()

  let stopped: Promise<void> | undefined
  const stop = async () => {
    if (plays('mixture')) {
      await sweep.stop()
      await sweep.sweep({ saveAll: true })
      await intake.stop()
      await app.get(Adviser).stop()
    }
    if (plays('relay')) await relay.stop()
    if (plays('history')) await history.stop()
    await app.close()
    await Promise.all([messaging.stop(), analytics?.stop(), store.stop()])
  }
  return { url: (await app.getUrl()).replace('[::1]', '127.0.0.1'), app, stop: () => (stopped ??= stop()) }
}

function parseJsonBody(
  _request: unknown,
  body: Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  try {
    done(null, JSON.parse(body.toString('utf8')))
  } catch (error) {
    done(Object.assign(new Error(`The body is not JSON: ${(error as Error).message}`), { statusCode: 400 }))
  }
}

const openApi = () =>
  new DocumentBuilder()
    .setTitle('Mixdesk')
    .setDescription(
      'Which data should the model see next: runs, mixtures, decisions with their reasons, history by SQL. Errors are problem documents (RFC 9457).',
    )
    .setVersion('1')
    .build()
