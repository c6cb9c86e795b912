export { EngineError, type EngineErrorCode } from './engine-error.js'
export type {
  Endpoints,
  EngineAddresses,
  EngineHandle,
  EngineName,
  Engines,
  EnginesOptions,
} from './engines.types.js'
export { checkPrerequisites, type Prerequisite } from './prerequisites.js'
export { startEngines } from './start-engines.js'
