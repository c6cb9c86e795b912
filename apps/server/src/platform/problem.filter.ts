import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { limits } from './limits.js'
import { isRetriable } from './retry.js'
import { problemOf, type Problem } from './problem.js'

/** Statuses of the errors our libs throw, by their `code`. */
const statusOfCode: { readonly [code: string]: number } = {
  refused: 422,
  invalid: 422,
  'too-expensive': 422,
  unavailable: 503,
  'too-large': 413,
}

/** Refusals that the framework leaves at half a sentence. */
const whatToDo: { readonly [status: number]: string } = {
  413: `The body is larger than ${limits.bodyBytes} bytes; send fewer events at once.`,
  415: 'The body is of a content type that is not read here; send application/json, or CloudEvents as application/cloudevents-batch+json or application/cloudevents+json.',
}

const refusal = (status: number, message: string): Problem => problemOf(status, whatToDo[status] ?? message)

/** Whatever goes wrong leaves as a problem document; what we did not expect is logged and told without its innards. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http')

  catch(error: unknown, host: ArgumentsHost): void {
    const problem = this.problemFor(error)
    const reply = host.switchToHttp().getResponse<FastifyReply>()
    void reply.status(problem.status).header('content-type', 'application/problem+json').send(problem)
  }

  private problemFor(error: unknown): Problem {
    if (error instanceof HttpException) {
      const response = error.getResponse()
      if (typeof response === 'object' && 'detail' in response) return response as Problem
      return refusal(error.getStatus(), error.message)
    }
    const known = error as { code?: unknown; statusCode?: unknown; message?: unknown }
    const ours = typeof known.code === 'string' ? statusOfCode[known.code] : undefined
    if (ours !== undefined) return problemOf(ours, String(known.message))
    if (isRetriable(error)) return problemOf(503, String(known.message))
    // Fastify's own refusals: a body too large, a content type it doesn't know, broken JSON.
    if (typeof known.statusCode === 'number' && known.statusCode >= 400 && known.statusCode < 500)
      return refusal(known.statusCode, String(known.message))
    this.logger.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return problemOf(500, 'Something went wrong here; the log of the server says more.')
  }
}
