// Starts the engines of a home and stays, so that a test can kill a process that never gets to clean up.
import { startEngines } from '../../libs/engines/dist/index.js'

const { endpoints } = await startEngines({ home: process.argv[2] ?? '' })
console.log(JSON.stringify({ kafka: endpoints.kafka.pid, postgres: endpoints.postgres.pid }))
setInterval(() => undefined, 60_000)
