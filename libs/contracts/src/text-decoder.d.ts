/** The one Web API this lib uses; the whole DOM or Node typings would let the clock and the network in. */
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean })
  decode(input: Uint8Array): string
}
