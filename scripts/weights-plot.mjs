import { scaleLinear } from 'd3-scale'
import { area, curveStepAfter, stack } from 'd3-shape'

export const palette = [
  '#4e79a7',
  '#f28e2b',
  '#59a14f',
  '#e15759',
  '#76b7b2',
  '#edc948',
  '#b07aa1',
  '#9c755f',
]
const size = { width: 760, height: 240, left: 44, right: 150, top: 34, bottom: 34 }

/**
 * The mixture over a run as an SVG: one band a domain, as wide as its weight. `weights[i]` holds from `steps[i]` on. Numbers
 * are rounded, so that the picture is the same on every machine.
 */
export function weightsPlot({ title, domains, steps, weights, lastStep }) {
  const { width, height, left, right, top, bottom } = size
  const x = scaleLinear([0, lastStep], [left, width - right])
  const y = scaleLinear([0, 1], [height - bottom, top])
  const points = [
    ...steps.map((step, i) => ({ step, weights: weights[i] })),
    { step: lastStep, weights: weights.at(-1) },
  ]
  const bands = stack()
    .keys(domains.map((_, i) => i))
    .value((point, i) => point.weights[i])(points)
  const shape = area()
    .x((_, i) => x(points[i].step))
    .y0(([low]) => y(low))
    .y1(([, high]) => y(high))
    .curve(curveStepAfter)
    .digits(1)
  const colour = (i) => palette[i % palette.length]
  const text = (at, words, more = '') => `<text x="${at[0]}" y="${at[1]}"${more}>${escape(words)}</text>`
  const round = (value) => Number(value.toFixed(1))
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text([left, 20], title, ' font-size="14" font-weight="600" fill="#222"'),
    ...bands.map((band, i) => `<path d="${shape(band)}" fill="${colour(i)}"/>`),
    ...y
      .ticks(4)
      .map((tick) =>
        text([left - 6, round(y(tick)) + 4], `${Math.round(tick * 100)} %`, ' text-anchor="end" fill="#555"'),
      ),
    ...x
      .ticks(6)
      .map((tick) =>
        text([round(x(tick)), height - bottom + 16], String(tick), ' text-anchor="middle" fill="#555"'),
      ),
    text([round(x(lastStep / 2)), height - 4], 'step', ' text-anchor="middle" fill="#555"'),
    ...domains.map((name, i) => {
      const at = height - bottom - 14 - 20 * i
      return `<rect x="${width - right + 12}" y="${at}" width="12" height="12" fill="${colour(i)}"/>${text([width - right + 30, at + 10], name, ' fill="#222"')}`
    }),
    '</svg>',
  ]
  return `${lines.join('\n')}\n`
}

const escape = (words) => words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
