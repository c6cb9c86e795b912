import pg from 'pg'

/**
 * A client whose breaking never ends the process. The pool hears errors only of idle clients, and there are moments when
 * nobody can: a server that shuts down says so in the same packet in which it greets, before whoever asked for the
 * connection has it in hand. Nothing is lost by not listening: the call that uses the connection fails.
 */
export class SteadyClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config)
    this.on('error', () => undefined)
  }
}
