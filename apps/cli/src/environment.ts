/** What the process was started with. The server's own settings are read by `readConfig` of the server, from what this gives. */
export type Environment = { readonly [key: string]: string | undefined }

export const environment: Environment = process.env

/** Where the server is, when the person says so. Ours alone: the server would call it a setting that does not exist. */
export const urlKey = 'MIXDESK_URL'

/** The server's settings: the environment, without the keys that only concern the CLI, and with what options say. */
export function serverSettings(
  from: Environment,
  options: { readonly home?: string | undefined; readonly port?: string | undefined },
): Environment {
  const settings = Object.fromEntries(Object.entries(from).filter(([key]) => key !== urlKey))
  return {
    ...settings,
    ...(options.home === undefined ? {} : { MIXDESK_HOME: options.home }),
    ...(options.port === undefined ? {} : { MIXDESK_PORT: options.port }),
  }
}

export const homeOf = (from: Environment, option: string | undefined): string =>
  option ?? (from['MIXDESK_HOME'] || '.mixdesk')
