import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

import { describe, expect, it, onTestFinished } from 'vitest'

import { askBroker, readMetadata } from './probe.js'

async function stranger(reply: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end(reply)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

describe('askBroker', () => {
  it('gives nothing for a program that is not Kafka', async () => {
    expect(await askBroker(await stranger('HTTP/1.1 400 Bad Request\r\n\r\n'))).toBeUndefined()
    expect(await askBroker(await stranger(''))).toBeUndefined()
  })

  it('gives nothing where nobody listens', async () => {
    expect(await askBroker(1)).toBeUndefined()
  })
})

describe('readMetadata', () => {
  it('reads brokers and the cluster id', () => {
    const text = (value: string): Buffer =>
      Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)])
    const int32 = (value: number): Buffer => Buffer.from([0, 0, value >> 8, value & 255])
    const broker = [int32(1), text('localhost'), int32(19092), Buffer.from([255, 255])]
    const body = Buffer.concat([int32(1), int32(0), int32(1), ...broker, text('abc')])
    expect(readMetadata(Buffer.concat([int32(body.length), body]))).toEqual({
      brokers: [{ host: 'localhost', port: 19092 }],
      clusterId: 'abc',
    })
  })

  it('gives nothing for an answer that ends too early', () => {
    expect(readMetadata(Buffer.from([0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0]))).toBeUndefined()
  })
})
