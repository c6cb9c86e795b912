/** Injection tokens of what the process is composed of; the values are made in `start-server.ts`. */
export const CONFIG = Symbol('config')
export const EVENT_STORE = Symbol('event store')
export const MESSAGING = Symbol('messaging')
/** Undefined in a process that neither serves HTTP nor writes history. */
export const ANALYTICS = Symbol('analytics')
