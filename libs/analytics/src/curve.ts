import type { CurvePoint } from './analytics.js'
import { quote, type Link } from './link.js'

export type CurveOptions = { readonly points?: number; readonly fromStep?: number; readonly toStep?: number }

/** Mean losses by domain, in buckets of steps of one width; a bucket is named by its first step that was reported. */
export async function readCurve(
  link: Link,
  run: string,
  options: CurveOptions,
): Promise<readonly CurvePoint[]> {
  const points = Math.max(1, Math.floor(options.points ?? 1000))
  const where = [
    `run = ${quote(run)}`,
    ...(options.fromStep === undefined ? [] : [`step >= ${Math.max(0, Math.floor(options.fromStep))}`]),
    ...(options.toStep === undefined ? [] : [`step <= ${Math.max(0, Math.floor(options.toStep))}`]),
  ].join(' AND ')
  const sql = `WITH
    (SELECT min(step) FROM observations WHERE ${where}) AS first,
    greatest(1, ceil(((SELECT max(step) FROM observations WHERE ${where}) - first + 1) / ${points})) AS width
  SELECT min(step) AS at, max(attempt), domain, sum(tokens), sumIf(loss_nats, isFinite(loss_nats)) / sum(tokens)
  FROM losses WHERE ${where}
  GROUP BY intDiv(step - first, toUInt64(width)) AS bucket, domain
  ORDER BY bucket, domain`
  const bytes = await link.query(sql, 'JSONCompactEachRow')
  return bytes
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [step, attempt, domain, tokens, loss] = JSON.parse(line) as [
        number | string,
        number,
        string,
        number | string,
        number | null,
      ]
      return { step: Number(step), attempt, domain, tokens: Number(tokens), loss }
    })
}
