/** Addresses of engines that run elsewhere. An engine with an address here is not started. */
export type EngineAddresses = { kafkaBrokers?: string[]; postgresUrl?: string; clickhouseUrl?: string }

export type EngineName = 'kafka' | 'postgres' | 'chdb'

export type EnginesOptions = {
  /** Folder of everything that is kept, usually `.mixdesk`. */
  home: string
  configured?: EngineAddresses
  /** Ports that must be used; without them a default is tried, then any free port. */
  ports?: { kafka?: number; postgres?: number }
  /** Default: all three. The endpoints of an engine that is neither needed nor configured are empty. */
  need?: EngineName[]
  /** A line for a person about what is going on. */
  onProgress?: (line: string) => void
}

export type Endpoints = {
  kafka: { brokers: string[]; pid?: number; embedded: boolean }
  postgres: { url: string; pid?: number; embedded: boolean }
  /** The data directory for chDB; absent when a ClickHouse server is configured, or chDB isn't needed. */
  chdb: { path: string } | undefined
  clickhouseUrl?: string
}

/** One embedded engine. Its address stays the same over stop and start. */
export type EngineHandle = {
  /** Undefined when it doesn't run, whoever ended it. */
  pid(): number | undefined
  /** Asks politely (with this signal, if given), and kills after a bounded time. */
  stop(signal?: NodeJS.Signals): Promise<void>
  start(): Promise<void>
  /** `kill -9`; resolves when the process is gone and its port is free. */
  kill(): Promise<void>
}

export type Engines = {
  endpoints: Endpoints
  /** Stops what is embedded, newest data kept, and unlocks the home folder. The second call waits for the first. */
  stop(): Promise<void>
  kafka?: EngineHandle
  postgres?: EngineHandle
}
