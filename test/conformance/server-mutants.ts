import type { ServerHabits } from './toy-server.js'

export type ServerMutant = {
  readonly what: string
  readonly rule: string
  /** Rules that cannot but break with it. */
  readonly also?: readonly string[]
  readonly habits: Partial<Omit<ServerHabits, 'http'>>
  readonly http?: Partial<ServerHabits['http']>
}
/** For servers whose polls wait in vain. However early they end, it breaks nothing that is not broken with them anyway. */
const shortHoldMs = 1_000
const allTwins = [
  'decisions.same',
  'duplicates.ignored',
  'order.ranks',
  'fields.unknown',
  'mode.structured',
  'batches.compressed',
]

export const serverMutants: readonly ServerMutant[] = [
  {
    what: 'a server that waits for the first losses',
    rule: 'start.mixture',
    habits: { shape: (command) => (command.version === 1 ? undefined : command) },
  },
  {
    what: 'a server that takes any policy',
    rule: 'start.refused',
    habits: { knowsPolicies: false },
  },
  {
    what: 'a server that sends texts for weights',
    rule: 'command.schema',
    also: ['start.mixture'],
    habits: { shape: (command) => ({ ...command, weights: command.weights.map(String) as never }) },
  },
  {
    what: 'a server without ids',
    rule: 'command.headers',
    habits: { wrap: ({ headers: { ce_id: _, ...headers }, ...message }) => [{ ...message, headers }] },
  },
  {
    what: 'a server with one id for all commands',
    rule: 'command.headers',
    habits: { wrap: (message) => [{ ...message, headers: { ...message.headers, ce_id: 'one' } }] },
  },
  {
    what: 'a server with keys of its own',
    rule: 'command.key',
    also: ['command.partition'],
    habits: { wrap: (message) => [{ ...message, key: `run:${message.key}` }] },
  },
  {
    what: 'a server that puts all commands into one partition',
    rule: 'command.partition',
    habits: { wrap: (message) => [{ ...message, partition: 0 }] },
  },
  {
    what: 'a server that sorts the domains',
    rule: 'command.domains',
    habits: { shape: (command) => ({ ...command, domains: [...command.domains].sort() }) },
  },
  {
    what: 'a server that leaves the simplex',
    rule: 'command.simplex',
    habits: {
      shape: (command, { step }) =>
        step < 0 ? command : { ...command, weights: command.weights.map((weight) => weight * 1.000001) },
    },
  },
  {
    what: 'a server that sends other weights under a version it has used',
    rule: 'command.version',
    also: ['command.headers'],
    habits: {
      wrap: (message) => {
        const command = JSON.parse(String(message.value)) as { weights: number[] }
        return [message, { ...message, value: JSON.stringify({ ...command, weights: [1, 0, 0] }) }]
      },
    },
  },
  {
    what: 'a server that counts versions by two',
    rule: 'command.version',
    also: ['resume.mixture'],
    habits: { shape: (command) => ({ ...command, version: 2 * command.version - 1 }) },
  },
  {
    what: 'a server whose mixtures begin in the past',
    rule: 'command.from-step',
    also: ['resume.mixture'],
    habits: {
      shape: (command, { step }) => (step < 0 ? command : { ...command, fromStep: command.decidedAtStep }),
    },
  },
  {
    what: 'a server that does not say who opened the attempt',
    rule: 'command.opened-by',
    habits: { shape: ({ openedBy: _, ...command }) => command },
  },
  {
    what: 'a server that decides every other time',
    rule: 'decisions.cadence',
    also: [
      'command.version',
      'late.ignored',
      'null.absent',
      'resume.mixture',
      'resume.decisions',
      'finish.quiet',
      ...allTwins,
      'poison.goes-on',
    ],
    habits: { shape: (command, { step }) => (step % 2 === 0 || step < 0 ? command : undefined) },
  },
  {
    what: 'a server that decides by the name of the run',
    rule: 'decisions.same',
    also: [...allTwins, 'poison.goes-on', 'late.ignored', 'resume.mixture', 'resume.decisions'],
    habits: { salts: true },
  },
  {
    what: 'a server that takes the last of several reports',
    rule: 'duplicates.ignored',
    habits: { dedupes: false },
  },
  { what: 'a server that folds ranks as they come', rule: 'order.ranks', habits: { foldsInOrder: false } },
  {
    what: 'a server that takes late reports',
    rule: 'late.ignored',
    also: ['duplicates.ignored'],
    habits: { takesLate: true },
  },
  { what: 'a server that turns nulls away', rule: 'null.absent', habits: { takesNulls: false } },
  {
    what: 'a server that turns unknown fields away',
    rule: 'fields.unknown',
    habits: { takesUnknownFields: false },
  },
  { what: 'a server without structured mode', rule: 'mode.structured', habits: { opensStructured: false } },
  { what: 'a server without codecs', rule: 'batches.compressed', habits: { unpacks: false } },
  {
    what: 'a server that drops what it cannot use',
    rule: 'poison.dead-letter',
    also: ['start.refused'],
    habits: { deadLetters: 'none' },
  },
  {
    what: 'a server that does not say why',
    rule: 'poison.dead-letter',
    also: ['start.refused'],
    habits: { deadLetters: 'bare' },
  },
  {
    what: 'a server that stops at poison',
    rule: 'poison.goes-on',
    also: [
      'poison.dead-letter',
      'start.refused',
      'resume.mixture',
      'resume.decisions',
      'late.ignored',
      'null.absent',
      ...allTwins,
    ],
    habits: { survivesPoison: false },
  },
  {
    what: 'a server that resumes with what it learned last',
    rule: 'resume.mixture',
    habits: { restores: false },
  },
  {
    what: 'a server that counts reports of an attempt that is over',
    rule: 'resume.decisions',
    habits: { ignoresStale: false },
  },
  { what: 'a server that decides after the end', rule: 'finish.quiet', habits: { endsRuns: false } },
  {
    what: 'a server that answers 200',
    rule: 'http.accepted',
    habits: {},
    http: { accepted: (count) => ({ status: 200, body: { accepted: count } }) },
  },
  {
    what: 'a server that loses a report that came over HTTP',
    rule: 'http.same',
    also: ['http.log', 'http.long-poll', 'http.nothing-newer', 'http.mixture'],
    habits: {},
    http: {
      passes: ({ name, data }) => !(name === 'losses.measured' && data.step === 4 && data.rank === 0),
      holdsMs: shortHoldMs,
    },
  },
  {
    what: 'a server that takes the sound half of a batch',
    rule: 'http.all-or-none',
    habits: {},
    http: { allOrNone: false },
  },
  {
    what: 'a server with errors of its own',
    rule: 'http.problem',
    habits: {},
    http: {
      problem: (status, detail) => ({ status, contentType: 'application/json', body: { error: detail } }),
    },
  },
  {
    what: 'a server whose polls lack half of the command',
    rule: 'http.mixture',
    also: ['command.schema', 'http.same'],
    habits: {},
    http: { newest: ({ decisionId: _, ...command }) => command },
  },
  {
    what: 'a server that answers 200 with nothing',
    rule: 'http.nothing-newer',
    habits: {},
    http: { nothing: 200 },
  },
  {
    what: 'a server that does not hold polls',
    rule: 'http.long-poll',
    also: ['http.same', 'http.log'],
    habits: {},
    http: { holdsMs: 0 },
  },
  {
    what: 'a server that keys by something else',
    rule: 'http.log',
    also: ['http.long-poll', 'http.same'],
    habits: {},
    http: { key: (run) => `http:${run}`, holdsMs: shortHoldMs },
  },
]
