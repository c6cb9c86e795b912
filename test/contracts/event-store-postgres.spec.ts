import { createPostgresEventStore } from '@mixdesk/event-store'
import pg from 'pg'
import { eventStoreContract } from './event-store.contract.js'
import { startTestServer } from './event-store-server.js'

eventStoreContract('PostgreSQL', async () => {
  const server = await startTestServer()
  return {
    async open() {
      const store = createPostgresEventStore({ url: server.url, poolSize: 6 })
      await store.start()
      return store
    },
    async cutConnections() {
      const admin = new pg.Client({ connectionString: server.url })
      await admin.connect()
      await admin.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE $1',
        ['mixdesk%'],
      )
      await admin.end()
    },
    close: () => server.stop(),
  }
})
