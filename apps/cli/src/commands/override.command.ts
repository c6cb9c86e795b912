import { Command } from 'commander'
import { action } from '../command.js'
import { CliError } from '../cli-error.js'
import { request, withReason, type RequestOptions } from './request.js'

export const overrideCommand = (): Command =>
  withReason(
    new Command('override')
      .description('set the mixture of a run; the policy goes on from there, unless the run is frozen')
      .argument('<run>', 'name of the run')
      .argument('<weights...>', 'domain=weight for each domain; shares, they are normalised'),
  ).action(
    action<RequestOptions>((context, run, ...weights) => {
      return request(context, run, 'override', { weights: parseWeights(weights.flat()) })
    }),
  )

/** web=3 code=1 → {web: 0.75, code: 0.25}: shares become weights that add up to 1, as the server wants them. */
export function parseWeights(given: readonly string[]): { readonly [domain: string]: number } {
  const pairs = given.map((text): [string, number] => {
    const at = text.lastIndexOf('=')
    const weight = Number(text.slice(at + 1))
    if (at < 1 || text.slice(at + 1).trim() === '' || !Number.isFinite(weight) || weight < 0)
      throw new CliError(
        'usage',
        `A weight should look like web=0.3, a number from 0 on, but "${text}" came.`,
      )
    return [text.slice(0, at), weight]
  })
  const names = pairs.map(([name]) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) throw new CliError('usage', `The weight of ${twice} was given twice.`)
  const total = pairs.reduce((sum, [, weight]) => sum + weight, 0)
  if (total === 0) throw new CliError('usage', 'At least one weight should be above 0.')
  return Object.fromEntries(pairs.map(([name, weight]) => [name, weight / total]))
}
