import { describe, expect, it } from 'vitest'

import { complaint } from './start-complaint.js'

describe('complaint', () => {
  it.each([
    ['port', 'LOG: hello\nLOG: could not bind IPv4 address "127.0.0.1": Address already in use\nFATAL: no'],
    ['port', 'Socket server failed to bind to 127.0.0.1:19092: Address already in use.'],
    ['disk', 'FATAL: could not write lock file "postmaster.pid": No space left on device'],
    ['unknown', 'FATAL: lock file "postmaster.pid" already exists\nHINT: is another running?'],
  ])('tells %s from the log', (about, log) => {
    expect(complaint(log).about).toBe(about)
  })

  it('quotes the line that says why, not the last line', () => {
    const log = 'FATAL: lock file "postmaster.pid" already exists\nHINT: is another running?\n'
    expect(complaint(log).line).toBe('FATAL: lock file "postmaster.pid" already exists')
  })

  it('says so when nothing was written', () => {
    expect(complaint('').line).toBe('nothing was written')
  })
})
