import { ConsoleLogger, type LogLevel } from '@nestjs/common'

const levels: readonly LogLevel[] = ['error', 'warn', 'log', 'debug']

/** One JSON object a line for machines; coloured lines where a person watches. Frames of Nest's own start-up are left out. */
export function createLogger(least: 'debug' | 'log' | 'warn' | 'error'): ConsoleLogger {
  const logger = new QuietLogger({
    json: !process.stdout.isTTY,
    logLevels: levels.slice(0, levels.indexOf(least) + 1),
  })
  return logger
}

const chatter = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
])
class QuietLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    if (!chatter.has(String(rest.at(-1)))) super.log(message, ...rest)
  }
}
