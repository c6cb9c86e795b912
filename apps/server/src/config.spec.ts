import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig, settings } from './config.js'

describe('the configuration', () => {
  it('runs everything on this machine where nothing is said', () => {
    expect(readConfig({})).toMatchObject({
      MIXDESK_HOST: '127.0.0.1',
      MIXDESK_PORT: 8777,
      MIXDESK_ROLES: ['api', 'mixture', 'history', 'relay'],
      MIXDESK_PARTITIONS: 12,
      MIXDESK_KAFKA_SSL: false,
    })
  })

  it('lists every fault at once, a mistyped name among them', () => {
    const faulty = {
      MIXDESK_PORT: '99999',
      MIXDESK_ROLES: 'api,dj',
      MIXDESK_PARTITION: '3',
      MIXDESK_KAFKA_SASL_USERNAME: 'ada',
    }
    const read = () => readConfig(faulty)
    expect(read).toThrow(ConfigError)
    for (const said of [
      'MIXDESK_PORT',
      'unknown role dj',
      'MIXDESK_PARTITION: there is no such setting',
      'give mechanism, user name and password together',
    ])
      expect(read).toThrow(said)
  })

  it('never repeats a secret in a fault', () => {
    expect(() => readConfig({ MIXDESK_KAFKA_SASL_PASSWORD: 'hunter2', MIXDESK_PORT: 'x' })).not.toThrow(
      'hunter2',
    )
  })

  it('takes an empty variable for one that is not set, and leaves what others read alone', () => {
    expect(readConfig({ MIXDESK_PORT: '', MIXDESK_URL: 'http://127.0.0.1:1' }).MIXDESK_PORT).toBe(8777)
  })

  it('says of every setting what it means', () => {
    for (const [name, schema] of Object.entries(settings)) expect(schema.description, name).toMatch(/\.$/)
  })
})
