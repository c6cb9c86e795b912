/**
 * The operator set of ONNX's own domain that a model imports, out of its bytes: the runtime does not tell. Walks the outer
 * message of onnx.proto3 (`ModelProto.opset_import` is field 8) and skips everything else; undefined where that is no model.
 */
export function readOpset(bytes: Uint8Array): number | undefined {
  let newest: number | undefined
  const isWhole = eachField(bytes, (field, value) => {
    if (field !== 8 || typeof value === 'number') return
    const { domain, version } = operatorSet(value)
    if (domain === '' || domain === 'ai.onnx') newest = Math.max(newest ?? 0, version)
  })
  return isWhole ? newest : undefined
}

/** `OperatorSetIdProto`: domain is field 1, version field 2. */
function operatorSet(bytes: Uint8Array): { readonly domain: string; readonly version: number } {
  let domain = ''
  let version = 0
  eachField(bytes, (field, value) => {
    if (field === 1 && typeof value !== 'number') domain = new TextDecoder().decode(value)
    if (field === 2 && typeof value === 'number') version = value
  })
  return { domain, version }
}

/** Calls back for every field of a protobuf message with its number or its bytes; false where the bytes are no message. */
function eachField(bytes: Uint8Array, use: (field: number, value: number | Uint8Array) => void): boolean {
  let at = 0
  function varint(): number {
    let value = 0
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++]!
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    return NaN
  }
  while (at < bytes.length) {
    const tag = varint()
    const field = Math.floor(tag / 8)
    switch (tag % 8) {
      case 0:
        use(field, varint())
        break
      case 1:
        at += 8
        break
      case 2: {
        const length = varint()
        if (!(at + length <= bytes.length)) return false
        use(field, bytes.subarray(at, at + length))
        at += length
        break
      }
      case 5:
        at += 4
        break
      default:
        return false
    }
  }
  return at === bytes.length
}
