import { CliError } from '../cli-error.js'
import { homeOf, urlKey, type Environment } from '../environment.js'
import { readServerFile } from './server-file.js'

export const defaultUrl = 'http://127.0.0.1:8777'

/** Where the server is: what the option says, then MIXDESK_URL, then the server of this home, then the default. */
export function serverAddress(
  environment: Environment,
  options: { readonly server?: string; readonly home?: string },
): string {
  const told = options.server ?? (environment[urlKey] || undefined)
  if (told === undefined) return readServerFile(homeOf(environment, options.home))?.url ?? defaultUrl
  const address = /^[a-z]+:\/\//i.test(told) ? told : `http://${told}`
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new CliError('usage', `The address of the server should look like ${defaultUrl}, but is "${told}".`)
  return address.replace(/\/+$/, '')
}
