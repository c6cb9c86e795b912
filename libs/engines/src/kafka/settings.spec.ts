import { describe, expect, it } from 'vitest'

import { parseProperties, serverProperties } from './settings.js'

describe('the settings of the broker', () => {
  const settings = parseProperties(serverProperties('/data', { broker: 1000, controller: 1001 }))

  it('listen on the loopback only', () => {
    expect(settings.get('listeners')).toBe('PLAINTEXT://127.0.0.1:1000,CONTROLLER://127.0.0.1:1001')
    expect(settings.get('advertised.listeners')).toBe('PLAINTEXT://127.0.0.1:1000')
  })

  it('forget nothing', () => {
    for (const key of ['log.retention.ms', 'log.retention.bytes', 'log.retention.hours']) {
      expect(settings.get(key)).toBe('-1')
    }
  })

  it('take a message of 1 MiB with its envelope', () => {
    expect(Number(settings.get('message.max.bytes'))).toBeGreaterThanOrEqual(2 * 1024 * 1024)
  })
})
