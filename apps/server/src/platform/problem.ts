import { HttpException } from '@nestjs/common'

/** A problem document (RFC 9457). `detail` says what was expected, what came, and what to do. */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly [extension: string]: unknown
}

const titles: { readonly [status: number]: string } = {
  400: 'Bad request',
  404: 'Not found',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported content type',
  422: 'Cannot be processed',
  500: 'Internal error',
  503: 'Unavailable',
}

export const problemOf = (
  status: number,
  detail: string,
  extensions: { readonly [key: string]: unknown } = {},
): Problem => ({
  type: 'about:blank',
  title: titles[status] ?? 'Error',
  status,
  detail,
  ...extensions,
})

/** Thrown by controllers; becomes the problem document. */
export class ProblemException extends HttpException {
  constructor(status: number, detail: string, extensions: { readonly [key: string]: unknown } = {}) {
    super(problemOf(status, detail, extensions), status)
  }
}
