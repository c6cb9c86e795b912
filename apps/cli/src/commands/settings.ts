import { CliError } from '../cli-error.js'

/** rate=0.1 moving=true names=[1,2] text=hello → an object; a value is JSON where it can be read as such, else text. */
export function parseSettings(given: readonly string[]): { readonly [key: string]: unknown } {
  return Object.fromEntries(
    given.map((text): [string, unknown] => {
      const at = text.indexOf('=')
      if (at < 1) throw new CliError('usage', `A setting should look like key=value, but "${text}" came.`)
      return [text.slice(0, at), valueOf(text.slice(at + 1))]
    }),
  )
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
