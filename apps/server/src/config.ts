import { z } from 'zod'

/** Parts a process can play; one process plays them all unless told otherwise. */
export const roles = ['api', 'mixture', 'history', 'relay'] as const
export type Role = (typeof roles)[number]

const port = z.coerce.number().int().min(0).max(65_535)
const milliseconds = (meaning: string, otherwise: number, minimum = 1) =>
  z.coerce
    .number()
    .int()
    .min(minimum)
    .default(otherwise)
    .describe(`${meaning} Unit: ms. Default: ${otherwise}.`)
const flag = (meaning: string, otherwise: boolean) =>
  z
    .enum(['true', 'false'])
    .default(otherwise ? 'true' : 'false')
    .transform((value) => value === 'true')
    .describe(`${meaning} Default: ${otherwise}.`)

/** Every setting of the process, by its environment variable: meaning, unit, default. */
export const settings = {
  MIXDESK_HOME: z
    .string()
    .min(1)
    .default('.mixdesk')
    .describe('Folder of the embedded engines and their data. Default: .mixdesk.'),
  MIXDESK_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address HTTP listens on. Default: 127.0.0.1, this machine only.'),
  MIXDESK_PORT: port.default(8777).describe('Port of HTTP; 0 for any free one. Default: 8777.'),
  MIXDESK_ROLES: z
    .string()
    .default(roles.join(','))
    .transform((text, context) => {
      const names = text.split(',').map((name) => name.trim())
      const unknown = names.filter((name) => !roles.includes(name as Role))
      if (unknown.length > 0)
        context.addIssue({
          code: 'custom',
          message: `unknown role ${unknown.join(', ')}; there are: ${roles.join(', ')}`,
        })
      return names as Role[]
    })
    .describe(`Parts this process plays, separated by commas. Default: ${roles.join(',')}.`),
  MIXDESK_KAFKA_BROKERS: z
    .string()
    .min(1)
    .optional()
    .describe('Kafka brokers, host:port separated by commas. Without it an embedded broker is started.'),
  MIXDESK_KAFKA_SSL: flag('Whether to speak TLS to Kafka.', false),
  MIXDESK_KAFKA_SASL_MECHANISM: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .describe('How to log in to Kafka.'),
  MIXDESK_KAFKA_SASL_USERNAME: z.string().optional().describe('User name for Kafka.'),
  MIXDESK_KAFKA_SASL_PASSWORD: z.string().optional().describe('Password for Kafka. Secret.'),
  MIXDESK_KAFKA_SESSION_TIMEOUT_MS: milliseconds(
    'How long Kafka waits for a silent member before it gives its partitions away; also how long a killed server is missed.',
    10_000,
    1000,
  ),
  MIXDESK_PARTITIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(12)
    .describe('Partitions of topics that have to be created. Default: 12.'),
  MIXDESK_REPLICATION: z.coerce
    .number()
    .int()
    .min(1)
    .max(10)
    .default(1)
    .describe('Replicas of topics that have to be created. Default: 1.'),
  MIXDESK_POSTGRES_URL: z
    .string()
    .min(1)
    .optional()
    .describe(
      'PostgreSQL, as postgres://user:password@host:port/database. Secret. Without it an embedded server is started.',
    ),
  MIXDESK_CLICKHOUSE_URL: z
    .string()
    .min(1)
    .optional()
    .describe(
      'ClickHouse, as http://user:password@host:port/database. Secret. Without it chDB runs in this process.',
    ),
  MIXDESK_CLICKHOUSE_READONLY_URL: z
    .string()
    .min(1)
    .optional()
    .describe(
      "ClickHouse as a user with no rights but SELECT, for people's SQL. Secret. Recommended: without it people's SQL runs as the user of MIXDESK_CLICKHOUSE_URL, held back by the gate and by settings alone.",
    ),
  MIXDESK_SNAPSHOT_EVERY_MS: milliseconds('How often a run without decisions is saved.', 3000),
  MIXDESK_SWEEP_EVERY_MS: milliseconds('How often to look for work that nobody rang for.', 250),
  MIXDESK_HISTORY_FLUSH_MS: milliseconds('Longest wait before rows go to the history.', 500),
  MIXDESK_HISTORY_FLUSH_ROWS: z.coerce
    .number()
    .int()
    .min(1)
    .default(10_000)
    .describe('Observations after which rows go to the history at once. Default: 10000.'),
  MIXDESK_POLICIES: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((path) => (path.trim() === '' ? [] : [path.trim()])))
    .describe(
      'Paths of JavaScript modules that export further policies, separated by commas (docs/write-a-policy.md). Every process that plays `mixture` or `api` needs the same ones. Default: none.',
    ),
  MIXDESK_MODELS: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder of learned agents: <name>.onnx beside its manifest <name>.json. Default: models in MIXDESK_HOME; those that come with Mixdesk are found without it.',
    ),
  MIXDESK_LOG_LEVEL: z
    .enum(['debug', 'log', 'warn', 'error'])
    .default('log')
    .describe('Least level to log. Default: log.'),
} as const

const schema = z.object(settings)

const together = [
  'MIXDESK_KAFKA_SASL_MECHANISM',
  'MIXDESK_KAFKA_SASL_USERNAME',
  'MIXDESK_KAFKA_SASL_PASSWORD',
]
/** Faults between settings; checked apart, because the schema stops at faults within them. */
function relations(given: { readonly [key: string]: string | undefined }): string[] {
  const missing = together.filter((key) => given[key] === undefined)
  return missing.length === 0 || missing.length === together.length
    ? []
    : [`${missing.join(', ')}: give mechanism, user name and password together, or none of them.`]
}
export type Config = z.output<typeof schema>

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Variables under our prefix that other parts of Mixdesk read. */
const ofOthers = ['MIXDESK_URL']

/** Reads the settings; every fault is listed at once. Unknown keys under our prefix are faults: they are typing mistakes. */
export function readConfig(
  environment: { readonly [key: string]: string | undefined } = process.env,
): Config {
  const ours = Object.fromEntries(
    Object.entries(environment).filter(
      ([key, value]) => key.startsWith('MIXDESK_') && value !== undefined && value !== '',
    ),
  )
  const unknown = Object.keys(ours).filter((key) => !Object.hasOwn(settings, key) && !ofOthers.includes(key))
  const parsed = schema.safeParse(ours)
  const faults = [
    ...unknown.map((key) => `${key}: there is no such setting.`),
    ...relations(ours),
    ...(parsed.success
      ? []
      : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}.`)),
  ]
  if (!parsed.success || faults.length > 0)
    throw new ConfigError(
      `The configuration is not sound:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    )
  return parsed.data
}
