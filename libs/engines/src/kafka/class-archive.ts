import { access, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { writeAtomically } from '../home/write-atomically.js'
import { freePort } from '../ports.js'
import { endProcess, spawnDaemon } from '../process/daemon.js'
import { waitFor } from '../process/wait.js'
import { askBroker } from './probe.js'
import { serverProperties } from './settings.js'
import { prepareStorage } from './storage.js'

/** What every broker is started with. An archive fits only a JVM with the same collector, so it is made with these. */
// G1 beside the others: equal in start time and smallest in memory here, and its pauses stay short under load.
export const javaFlags = ['-Xmx512m', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-XX:-UsePerfData']

/**
 * The JVM can keep the classes that a broker loads in an archive (AppCDS), which halves the time of every start.
 * It ignores by itself an archive of another Java version.
 */
export async function archiveFlags(jars: string): Promise<string[]> {
  const there = await access(archive(jars)).then(
    () => true,
    () => false,
  )
  return there ? [`-XX:SharedArchiveFile=${archive(jars)}`, '-Xlog:cds=off'] : []
}

/**
 * Makes the archive by running a broker once, on data thrown away. Not left to the first real broker, which would
 * take ten more seconds to stop, when nobody expects it. Failing here costs speed only, so it is silent.
 */
export async function makeArchive(jars: string): Promise<void> {
  const folder = await mkdtemp(`${jars}.training-`)
  try {
    await prepareStorage(folder, jars)
    const broker = await freePort([])
    const controller = await freePort([], new Set([broker]))
    const properties = join(folder, 'server.properties')
    await writeAtomically(properties, serverProperties(join(folder, 'data'), { broker, controller }))
    const draft = join(folder, 'classes.jsa')
    const flags = [...javaFlags, `-XX:ArchiveClassesAtExit=${draft}`, '-cp', join(jars, '*')]
    // `timeout` ends it should we be killed meanwhile: nobody would ever look for this one.
    // -k also counts from the signal that it passes on, and writing the archive takes its time on a busy machine.
    const command = ['timeout', '-k', '90', '180', 'java', ...flags, 'kafka.Kafka', properties]
    const process = await spawnDaemon({ command, logFile: join(folder, 'training.log'), cwd: folder })
    if (!process) return
    await waitFor(async () => (await askBroker(broker))?.brokers.length, 60_000)
    if (await endProcess(process, 'SIGTERM', 90_000)) await rename(draft, archive(jars))
  } catch {
    // starts are slower, and that is all
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const archive = (jars: string): string => join(jars, 'broker-classes.jsa')
