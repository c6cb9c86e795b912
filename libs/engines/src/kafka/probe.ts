import { connect } from 'node:net'

import { loopback } from '../ports.js'

export type BrokerAnswer = { clusterId: string | null; brokers: { host: string; port: number }[] }

/**
 * Asks for the cluster's metadata (API 3, version 4, no topics). By hand, since a connect alone would
 * take a stranger for our broker, and a Kafka client retries and logs where we want one short answer.
 */
export async function askBroker(port: number, timeoutMs = 1_000): Promise<BrokerAnswer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: loopback, port })
    const finish = (answer?: BrokerAnswer): void => {
      socket.destroy()
      resolve(answer)
    }
    let received = Buffer.alloc(0)
    socket.setTimeout(timeoutMs, () => finish())
    socket.once('error', () => finish())
    socket.once('close', () => finish())
    socket.once('connect', () => socket.write(metadataRequest()))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0))
        finish(readMetadata(received))
      else if (received.length > 65_536) finish()
    })
  })
}

function metadataRequest(): Buffer {
  const client = Buffer.from('mixdesk-engines')
  const request = Buffer.alloc(4 + 2 + 2 + 4 + 2 + client.length + 4 + 1)
  let at = request.writeInt32BE(request.length - 4, 0)
  at = request.writeInt16BE(3, at) // api key
  at = request.writeInt16BE(4, at) // api version
  at = request.writeInt32BE(1, at) // correlation id
  at = request.writeInt16BE(client.length, at)
  at += client.copy(request, at)
  request.writeInt32BE(0, at) // no topics; the last byte forbids creating any
  return request
}

/** Undefined for anything that is not such an answer: whoever listens there need not be Kafka at all. */
export function readMetadata(response: Buffer): BrokerAnswer | undefined {
  let at = 4 + 4 + 4 // size, correlation id, throttle time
  const int32 = (): number => response.readInt32BE((at += 4) - 4)
  const text = (): string | null => {
    const length = response.readInt16BE((at += 2) - 2)
    return length < 0 ? null : response.toString('utf8', at, (at += length))
  }
  try {
    if (response.readInt32BE(4) !== 1) return undefined
    const brokers: BrokerAnswer['brokers'] = []
    for (let count = int32(); count > 0; count--) {
      int32() // node id
      brokers.push({ host: text() ?? '', port: int32() })
      text() // rack
    }
    return { brokers, clusterId: text() }
  } catch {
    return undefined // it ended before it should
  }
}
