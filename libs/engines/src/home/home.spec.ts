import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { inspectProcess } from '../process/process-table.js'
import { openHome, refuseFullDisk } from './home.js'
import { takeLock } from './lock.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mixdesk-home-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the lock', () => {
  const deadPid = (): number => spawnSync('true').pid
  const write = (holder: unknown): Promise<void> => writeFile(join(folder, 'lock'), JSON.stringify(holder))

  it('is held by one at a time', async () => {
    const first = await takeLock(join(folder, 'lock'))
    const second = await takeLock(join(folder, 'lock'))
    expect([first.held, second.held]).toEqual([true, false])
    if (first.held) await first.release()
    expect((await takeLock(join(folder, 'lock'))).held).toBe(true)
  })

  it('goes to exactly one of many that find it stale', async () => {
    await write({ pid: deadPid(), born: 'long ago', since: '' })
    const taken = await Promise.all(Array.from({ length: 20 }, () => takeLock(join(folder, 'lock'))))
    expect(taken.filter(({ held }) => held)).toHaveLength(1)
  })

  it('is taken over from a process that ended', async () => {
    await write({ pid: deadPid(), born: 'long ago', since: '' })
    expect((await takeLock(join(folder, 'lock'))).held).toBe(true)
  })

  it('is not fooled by a pid that was given to somebody else', async () => {
    await write({ pid: process.pid, born: 'before this process', since: '' })
    expect((await takeLock(join(folder, 'lock'))).held).toBe(true)
  })

  it('is taken over when its file was cut short by a crash', async () => {
    await writeFile(join(folder, 'lock'), '{"pid":')
    expect((await takeLock(join(folder, 'lock'))).held).toBe(true)
  })

  it('leaves no drafts', async () => {
    await write({ pid: deadPid(), born: 'long ago', since: '' })
    await takeLock(join(folder, 'lock'))
    expect(await readdir(folder)).toEqual(['lock'])
  })
})

describe('the home folder', () => {
  it('is made when it is not there, for its owner only', async () => {
    const home = await openHome(join(folder, 'a', 'b'))
    expect((await stat(home.path)).mode & 0o777).toBe(0o700)
    await home.release()
  })

  it('is refused when another process uses it, with its pid', async () => {
    const born = inspectProcess(process.ppid)?.born
    await writeFile(join(folder, 'mixdesk.lock'), JSON.stringify({ pid: process.ppid, born, since: 'today' }))
    await expect(openHome(folder)).rejects.toMatchObject({
      code: 'home-in-use',
      message: expect.stringContaining(`in use by the Mixdesk process ${process.ppid}`),
    })
  })

  it('may hold models before its first start, as somebody has put them there', async () => {
    await mkdir(join(folder, 'models'))
    await (await openHome(folder)).release()
  })

  it('is refused when it holds what is not ours, and is left as it was', async () => {
    await writeFile(join(folder, 'thesis.doc'), 'x')
    await expect(openHome(folder)).rejects.toMatchObject({
      code: 'foreign-data-directory',
      message: expect.stringContaining('holds "thesis.doc"'),
    })
    expect(await readdir(folder)).toEqual(['thesis.doc'])
  })

  it('is refused when it is a file', async () => {
    await writeFile(join(folder, 'file'), 'x')
    await expect(openHome(join(folder, 'file'))).rejects.toMatchObject({ code: 'foreign-data-directory' })
  })

  it('is refused when a later version of Mixdesk made it', async () => {
    await writeFile(join(folder, 'mixdesk-home.json'), '{"format":2}')
    await expect(openHome(folder)).rejects.toMatchObject({ code: 'foreign-data-directory' })
  })

  it('is refused when its disk has too little room', async () => {
    await expect(refuseFullDisk(folder, 2 ** 60)).rejects.toMatchObject({ code: 'disk-full' })
  })

  it('is known again by its marker', async () => {
    const first = await openHome(folder)
    await first.release()
    await writeFile(join(folder, 'something'), 'later')
    await (await openHome(folder)).release()
    expect(JSON.parse(await readFile(join(folder, 'mixdesk-home.json'), 'utf8'))).toMatchObject({ format: 1 })
  })
})
