export type EngineErrorCode =
  | 'java-missing'
  | 'java-too-old'
  | 'maven-missing'
  | 'maven-failed'
  | 'port-in-use'
  | 'disk-full'
  | 'foreign-data-directory'
  | 'home-in-use'
  | 'home-not-writable'
  | 'platform-unsupported'
  | 'start-failed'
  | 'stop-failed'

/** Waiting or trying again can cure these; the others need a person. */
const retriable: ReadonlySet<EngineErrorCode> = new Set(['home-in-use', 'port-in-use', 'maven-failed'])

/** The message is one sentence for a person: what was expected, what came, and what to do. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: EngineErrorCode
  readonly retriable: boolean

  constructor(code: EngineErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    this.retriable = retriable.has(code)
  }
}

/** The `code` of a Node.js system error, such as ENOENT. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
