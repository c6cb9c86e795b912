// The pictures of docs/study.md. Numbers are rounded, so that they are the same on every machine.
import { scaleLinear } from 'd3-scale'
import { line } from 'd3-shape'
import { palette } from '../weights-plot.mjs' // a domain has one colour in both pictures

const size = { width: 760, height: 260, left: 52, right: 150, top: 34, bottom: 34 }
const round = (value) => Number(value.toFixed(1))
const escape = (words) => words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const text = (x, y, words, more = '') =>
  `<text x="${round(x)}" y="${round(y)}"${more}>${escape(words)}</text>`
const svg = (width, height, title, parts) =>
  `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(size.left, 20, title, ' font-size="14" font-weight="600" fill="#222"'),
    ...parts,
    '</svg>',
  ].join('\n')}\n`

/** Held-out losses over a run, a line a domain; dashed what `others` had at the same steps. */
export function lossesPlot({ title, domains, steps, losses, others }) {
  const { width, height, left, right, top, bottom } = size
  const all = [...losses, ...others].flat()
  const x = scaleLinear([0, steps.at(-1)], [left, width - right])
  const y = scaleLinear([Math.min(...all), Math.max(...all)], [height - bottom, top]).nice(5)
  const path = (rows, i) =>
    line()
      .x((_, at) => x(steps[at]))
      .y((row) => y(row[i]))
      .digits(1)(rows)
  return svg(width, height, title, [
    ...y
      .ticks(5)
      .flatMap((tick) => [
        `<path d="M${left},${round(y(tick))}H${width - right}" stroke="#e5e5e5"/>`,
        text(left - 6, y(tick) + 4, String(tick), ' text-anchor="end" fill="#555"'),
      ]),
    ...x
      .ticks(6)
      .map((tick) => text(x(tick), height - bottom + 16, String(tick), ' text-anchor="middle" fill="#555"')),
    text(x(steps.at(-1) / 2), height - 4, 'step', ' text-anchor="middle" fill="#555"'),
    ...domains.flatMap((_, i) => [
      `<path d="${path(others, i)}" fill="none" stroke="${palette[i % palette.length]}" stroke-dasharray="3 3" opacity="0.6"/>`,
      `<path d="${path(losses, i)}" fill="none" stroke="${palette[i % palette.length]}" stroke-width="1.8"/>`,
    ]),
    ...domains.map((name, i) => {
      const at = height - bottom - 14 - 20 * i
      return `<rect x="${width - right + 12}" y="${at}" width="12" height="12" fill="${palette[i % palette.length]}"/>${text(width - right + 30, at + 10, name, ' fill="#222"')}`
    }),
  ])
}

/** Differences to equal weights with their intervals, a row a policy, and a dot a seed. */
export function differencesPlot({ title, rows }) {
  const left = 190
  const [top, step] = [40, 30]
  const width = size.width
  const height = top + step * rows.length + 40
  const ends = rows.flatMap(({ mean, halfWidth, pairs }) => [mean - halfWidth, mean + halfWidth, ...pairs])
  const x = scaleLinear([Math.min(0, ...ends), Math.max(0, ...ends)], [left, width - 30]).nice(6)
  return svg(width, height, title, [
    ...x
      .ticks(6)
      .flatMap((tick) => [
        `<path d="M${round(x(tick))},${top - 8}V${height - 34}" stroke="${tick === 0 ? '#888' : '#e5e5e5'}"/>`,
        text(x(tick), height - 18, signed(tick), ' text-anchor="middle" fill="#555"'),
      ]),
    ...rows.flatMap(({ name, mean, halfWidth, pairs, verdict }, i) => {
      const y = top + step * i + 10
      const colour = { better: '#2f7d32', worse: '#c0392b', same: '#666' }[verdict]
      return [
        text(left - 12, y + 4, name, ' text-anchor="end" fill="#222"'),
        `<path d="M${round(x(mean - halfWidth))},${y}H${round(x(mean + halfWidth))}" stroke="${colour}" stroke-width="2"/>`,
        ...pairs.map((pair) => `<circle cx="${round(x(pair))}" cy="${y}" r="2.5" fill="#bbb"/>`),
        `<circle cx="${round(x(mean))}" cy="${y}" r="4.5" fill="${colour}"/>`,
      ]
    }),
    text(
      (left + width - 30) / 2,
      height - 4,
      'nats per token, less is better',
      ' text-anchor="middle" fill="#555"',
    ),
  ])
}

const signed = (tick) => (tick > 0 ? `+${tick}` : String(tick).replace('-', '−'))
