import { type Command } from 'commander'
import { environment } from './environment.js'
import { serverAddress } from './server/address.js'
import { createHttp, type Http } from './server/http.js'
import { createTerminal, type Terminal } from './terminal/terminal.js'

export type GlobalOptions = { readonly server?: string; readonly home?: string; readonly json?: boolean }
export type Context<Options = object> = {
  readonly terminal: Terminal
  readonly json: boolean
  readonly home: string | undefined
  readonly options: Options
  /** The server, at the address that applies. */
  http(): Http
}

/** What every command gets, from the options given before or after its name. */
export function contextOf<Options extends object>(command: Command): Context<Options> {
  const options = command.optsWithGlobals<Options & GlobalOptions>()
  return {
    terminal: createTerminal(environment, process.stdout, process.stderr),
    json: options.json === true,
    home: options.home,
    options,
    http: () => createHttp(serverAddress(environment, options)),
  }
}

/** An action without commander's habit of handing arguments, options and command in one list. */
export function action<Options extends object>(
  work: (context: Context<Options>, ...given: string[]) => Promise<void>,
) {
  return async function (this: Command): Promise<void> {
    await work(contextOf<Options>(this), ...(this.processedArgs as string[]))
  }
}
