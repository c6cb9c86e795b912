import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { EngineKind, Progress } from '../engine.js'
import { writeAtomically } from '../home/write-atomically.js'
import { freePort } from '../ports.js'
import { spawnDaemon } from '../process/daemon.js'
import { listProcesses } from '../process/process-table.js'
import { archiveFlags, javaFlags } from './class-archive.js'
import { kafkaJars, log4jConfiguration } from './jars.js'
import { requireJava } from './java.js'
import { askBroker } from './probe.js'
import { parseProperties, serverProperties } from './settings.js'
import { clusterId, prepareStorage } from './storage.js'

export function kafkaBroker(home: string, progress: Progress): EngineKind {
  const folder = join(home, 'kafka')
  const properties = join(folder, 'server.properties')
  const logFolder = join(folder, 'log')
  const logFile = join(logFolder, 'console.log')
  let jars = ''

  return {
    title: 'Kafka',
    defaultPort: 19092,
    stopSignal: 'SIGTERM',
    stopPatienceMs: 20_000,
    logFile,
    find: () => listProcesses().find(({ args }) => args.includes('kafka.Kafka') && args.includes(properties)),
    portOf: async () => {
      const listener = parseProperties(await readFile(properties, 'utf8')).get('advertised.listeners')
      const port = Number(listener?.split(':').at(-1))
      return Number.isInteger(port) ? port : undefined
    },
    prepare: async () => {
      await mkdir(logFolder, { recursive: true })
      const [resolved] = await Promise.all([kafkaJars(home, progress), requireJava()])
      jars = resolved
      await prepareStorage(folder, jars)
    },
    spawn: async (port) => {
      const controller = await freePort([port + 1], new Set([port]))
      await writeAtomically(properties, serverProperties(join(folder, 'data'), { broker: port, controller }))
      const logging = [`-Dmixdesk.kafka.log=${logFolder}`, `-Dlog4j2.configurationFile=${log4jConfiguration}`]
      const flags = [...javaFlags, ...(await archiveFlags(jars)), ...logging]
      const command = ['java', ...flags, '-cp', join(jars, '*'), 'kafka.Kafka', properties]
      return spawnDaemon({ command, logFile, cwd: folder })
    },
    answers: async (port) => {
      const answer = await askBroker(port)
      return (
        answer?.clusterId === (await clusterId(folder)) &&
        answer.brokers.some((broker) => broker.port === port)
      )
    },
  }
}
