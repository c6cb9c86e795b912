import type { z } from 'zod'
import { ProblemException } from './problem.js'

/** Checks a query or body; every fault is told at once. */
export function parseRequest<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(
    (issue) => `${issue.path.length === 0 ? 'request' : issue.path.join('.')}: ${issue.message}`,
  )
  throw new ProblemException(400, faults.join('; '), { faults })
}
