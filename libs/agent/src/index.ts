export { createAgents, shippedModels, type Agents } from './agents.js'
export { openAgent, type Agent } from './open-agent.js'
export { readManifest } from './read-manifest.js'
export { AgentError, type AgentErrorCode } from './agent-error.js'
