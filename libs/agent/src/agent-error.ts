export type AgentErrorCode =
  | 'manifestUnsound'
  | 'manifestDiffers'
  | 'modelMissing'
  | 'modelDiffers'
  | 'modelUnfit'
  | 'goldenDiffers'
  | 'runtimeMissing'
  | 'failed'

/** An agent that cannot be asked, in a sentence: what was expected, what came, what to do. Trying again does not help. */
export class AgentError extends Error {
  override readonly name = 'AgentError'
  readonly retriable = false
  readonly code: AgentErrorCode

  constructor(code: AgentErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.code = code
  }
}
