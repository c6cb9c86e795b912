import { EventStoreError } from '../event-store-error.js'

type ServerError = Error & {
  readonly code?: string
  readonly constraint?: string
  readonly severity?: string
}

/** What the driver threw, out of TypeORM's wrapping (which carries the parameters: run data has no place in a log line). */
export function driverErrorOf(error: unknown): ServerError {
  if (error instanceof Error && 'driverError' in error && error.driverError instanceof Error)
    return error.driverError
  return error instanceof Error ? error : new Error(String(error))
}

/** Classes and codes after which the same call may succeed: connection, shutdown, resources, deadlock, timeout, failover. */
const retriableStates = /^(08|53|57P|40001$|40P01$|55P03$|57014$|25006$)/
const retriableErrnos = new Set(
  'ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT EHOSTUNREACH ENETUNREACH ENETDOWN ENOTFOUND EAI_AGAIN ECONNABORTED'.split(
    ' ',
  ),
)
/** The driver gives these no code. */
const retriableMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|timeout expired|Client has encountered a connection error|Client was closed|This socket has been ended)/

/** Whether a connection that failed this way can go back to the pool: only the server's own refusals leave it usable. */
export function leavesConnectionUsable(error: unknown): boolean {
  const { code, severity } = driverErrorOf(error)
  return severity === 'ERROR' && code !== undefined && !code.startsWith('08')
}

export function violatedConstraint(error: unknown): string | undefined {
  const { code, constraint } = driverErrorOf(error)
  return code === '23505' ? constraint : undefined
}

export function sqlStateOf(error: unknown): string | undefined {
  return driverErrorOf(error).code
}

export function eventStoreErrorOf(error: unknown): EventStoreError {
  if (error instanceof EventStoreError) return error
  const cause = driverErrorOf(error)
  const code = cause.code ?? ''
  if (retriableStates.test(code) || retriableErrnos.has(code) || retriableMessages.test(cause.message))
    return new EventStoreError(
      'unavailable',
      `PostgreSQL did not answer; try again: ${cause.message || code}`,
      { cause },
    )
  if (/^(22|23502|23514|28|3D000|42501)/.test(code))
    return new EventStoreError('invalid', `PostgreSQL refused this, and will again: ${cause.message}`, {
      cause,
    })
  return new EventStoreError('internal', `PostgreSQL failed in a way not expected here: ${cause.message}`, {
    cause,
  })
}
