import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engineAddresses, withoutSecrets } from '../local/engine-addresses.js'
import { serverAddress } from './address.js'
import { writeServerFile } from './server-file.js'

let home: string
beforeAll(() => void (home = mkdtempSync(join(tmpdir(), 'mixdesk-cli-'))))
afterAll(() => rmSync(home, { recursive: true, force: true }))

describe('the address of the server', () => {
  it('is the default, until there is something better', async () => {
    expect(serverAddress({}, { home })).toBe('http://127.0.0.1:8777')
    writeFileSync(join(home, 'server.json'), '{"url": 5')
    expect(serverAddress({}, { home })).toBe('http://127.0.0.1:8777')
    await writeServerFile(home, { url: 'http://127.0.0.1:1234', pid: 1 })
    expect(serverAddress({ MIXDESK_HOME: home }, {})).toBe('http://127.0.0.1:1234')
    expect(serverAddress({ MIXDESK_URL: 'https://desk.example/' }, { home })).toBe('https://desk.example')
    expect(serverAddress({ MIXDESK_URL: 'https://desk.example' }, { server: 'there:99' })).toBe(
      'http://there:99',
    )
  })

  it('is refused with a sentence when it is none', () =>
    expect(() => serverAddress({}, { server: 'ftp://x' })).toThrow('should look like http://127.0.0.1:8777'))
})

describe('the addresses of engines', () => {
  it('are those configured, else those of the last start', () => {
    writeFileSync(
      join(home, 'endpoints.json'),
      JSON.stringify({
        kafka: { brokers: ['127.0.0.1:19092'] },
        postgres: { url: 'postgres://u:secret@127.0.0.1:15432/d' },
      }),
    )
    expect(engineAddresses({ MIXDESK_KAFKA_BROKERS: 'a:1, b' }, home)).toEqual([
      { name: 'Kafka', host: 'a', port: 1, embedded: false },
      { name: 'Kafka', host: 'b', port: 9092, embedded: false },
      { name: 'PostgreSQL', host: '127.0.0.1', port: 15432, embedded: true },
    ])
    expect(engineAddresses({}, join(home, 'nowhere'))).toEqual([])
  })

  it('are shown without secrets', () => {
    expect(withoutSecrets('postgres://u:secret@h:1/d?password=secret')).toBe('postgres://u@h:1/d')
    expect(withoutSecrets('secret')).not.toContain('secret')
  })
})
