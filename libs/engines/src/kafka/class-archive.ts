import { copyFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The JVM can keep the classes that a broker loads in an archive (AppCDS), which halves the time of later starts.
 * The first broker that stops in peace writes it; an archive of another Java version is ignored by the JVM itself.
 */
export async function archiveFlags(jars: string, folder: string): Promise<string[]> {
  if (await exists(archive(jars))) return [`-XX:SharedArchiveFile=${archive(jars)}`, '-Xlog:cds=off']
  return [`-XX:ArchiveClassesAtExit=${draft(folder)}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off']
}

/** Publishes the archive that this home's broker has written, if it has. To be called after a peaceful end only. */
export async function publishArchive(jars: string, folder: string): Promise<void> {
  if (!(await exists(draft(folder)))) return
  const beside = `${archive(jars)}.${process.pid}`
  try {
    if (!(await exists(archive(jars)))) {
      await copyFile(draft(folder), beside)
      await rename(beside, archive(jars))
    }
  } catch {
    await rm(beside, { force: true }) // only slower without it
  }
  await rm(draft(folder), { force: true })
}

const archive = (jars: string): string => join(jars, 'broker-classes.jsa')
const draft = (folder: string): string => join(folder, 'broker-classes.jsa')

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
