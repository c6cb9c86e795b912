import type { Logger } from 'typeorm'

const silence = () => undefined

/** TypeORM prints failures of migrations whatever `logging` says; here every failure is thrown, and said once, by who catches it. */
export const silentLogger: Logger = {
  logQuery: silence,
  logQueryError: silence,
  logQuerySlow: silence,
  logSchemaBuild: silence,
  logMigration: silence,
  log: silence,
}
