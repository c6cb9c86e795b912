import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Endpoints } from '../engines.types.js'
import { writeAtomically } from './write-atomically.js'

export type RememberedPorts = { kafka?: number; postgres?: number }

const file = (home: string): string => join(home, 'endpoints.json')

/** For people, tools and our next start. Holds the PostgreSQL password, hence readable by the owner only. */
export async function writeEndpoints(home: string, endpoints: Endpoints): Promise<void> {
  await writeAtomically(file(home), JSON.stringify(endpoints, undefined, 2) + '\n')
}

/** The ports of the last start. A file that can't be read only costs us the same port again. */
export async function rememberedPorts(home: string): Promise<RememberedPorts> {
  try {
    const { kafka, postgres } = JSON.parse(await readFile(file(home), 'utf8')) as Partial<Endpoints>
    const ports: RememberedPorts = {}
    const broker = kafka?.embedded ? Number(kafka.brokers[0]?.split(':').at(-1)) : NaN
    const database = postgres?.embedded ? Number(new URL(postgres.url).port) : NaN
    if (Number.isInteger(broker)) ports.kafka = broker
    if (Number.isInteger(database)) ports.postgres = database
    return ports
  } catch {
    return {}
  }
}
