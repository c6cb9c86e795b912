import { expect, it } from 'vitest'
import { homeOf, serverSettings } from './environment.js'

it('keeps its own keys from the server, and lets options win', () => {
  expect(
    serverSettings({ MIXDESK_URL: 'http://x', MIXDESK_HOME: 'a', PATH: '/bin' }, { home: 'b', port: '1' }),
  ).toEqual({ MIXDESK_HOME: 'b', MIXDESK_PORT: '1', PATH: '/bin' })
  expect(serverSettings({ MIXDESK_HOME: 'a' }, {})).toEqual({ MIXDESK_HOME: 'a' })
})

it('knows the home folder', () =>
  expect([
    homeOf({}, undefined),
    homeOf({ MIXDESK_HOME: '' }, undefined),
    homeOf({ MIXDESK_HOME: 'a' }, undefined),
    homeOf({ MIXDESK_HOME: 'a' }, 'b'),
  ]).toEqual(['.mixdesk', '.mixdesk', 'a', 'b']))
