// One server as a process of its own, so that a test can kill it: settings come in the environment, the address goes out
// as one line of JSON. It runs the build, as a user's does.
import { foundationsOn, readConfig, startConfiguredEngines, startServer } from '@mixdesk/server'

const config = readConfig()
const engines = await startConfiguredEngines(config, () => undefined)
const server = await startServer({
  ...foundationsOn(config, engines),
  sagas: process.argv[2] !== 'without-sagas',
})

let ending = false
for (const signal of ['SIGTERM', 'SIGINT'])
  process.on(signal, () => {
    if (ending) return
    ending = true
    void server
      .stop()
      .then(() => engines.stop())
      .then(() => process.exit(0))
  })

// Last: whoever reads it may send a signal at once.
console.log(JSON.stringify({ url: server.url }))
