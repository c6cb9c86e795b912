export { ConfigError, readConfig, roles, settings, type Config, type Role } from './config.js'
export { foundationsOn, startConfiguredEngines } from './foundations.js'
export { startServer, type Server } from './start-server.js'
export type { Foundations } from './app.module.js'
