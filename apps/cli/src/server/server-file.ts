import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** `server.json` in the home folder: where the server of this home answers, for the other commands. */
export type ServerFile = { readonly url: string; readonly pid: number }

const pathIn = (home: string): string => join(resolve(home), 'server.json')

export const writeServerFile = (home: string, file: ServerFile): Promise<void> =>
  writeFile(pathIn(home), `${JSON.stringify(file)}\n`)

export const removeServerFile = (home: string): Promise<void> => rm(pathIn(home), { force: true })

/** Undefined when there is none, or nothing readable. */
export function readServerFile(home: string): ServerFile | undefined {
  try {
    const { url, pid } = JSON.parse(readFileSync(pathIn(home), 'utf8')) as Partial<ServerFile>
    return typeof url === 'string' && URL.canParse(url) && typeof pid === 'number' ? { url, pid } : undefined
  } catch {
    return undefined
  }
}
