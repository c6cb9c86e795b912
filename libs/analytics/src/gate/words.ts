/** What people may read: views first, then the tables under them. */
export const readable: readonly string[] = [
  ...[
    'runs',
    'attempts',
    'losses',
    'all_losses',
    'mixtures',
    'decisions',
    'holds',
    'applied',
    'evaluations',
    'scores',
    'metrics',
    'dead_letters',
    'requested_mixtures',
    'effective_mixtures',
  ],
  ...[
    'observations',
    'run_events',
    'run_facts',
    'mixtures_decided',
    'mixtures_held',
    'mixtures_applied',
    'evaluations_measured',
    'metrics_logged',
  ],
]

/** Functions that may stand after FROM: they read nothing. */
export const rowMakers: ReadonlySet<string> = new Set([
  'numbers',
  'numbers_mt',
  'zeros',
  'zeros_mt',
  'generate_series',
  'generateseries',
])

/** Words that, anywhere in a statement, write, change, leave the query or show the machine. */
export const forbiddenWords: ReadonlySet<string> = new Set([
  ...[
    'INTO',
    'OUTFILE',
    'INFILE',
    'SETTINGS',
    'FORMAT',
    'SYSTEM',
    'INSERT',
    'UPDATE',
    'DELETE',
    'ALTER',
    'CREATE',
    'DROP',
    'UNDROP',
    'TRUNCATE',
    'RENAME',
    'EXCHANGE',
    'REPLACE',
  ],
  ...[
    'ATTACH',
    'DETACH',
    'GRANT',
    'REVOKE',
    'SET',
    'USE',
    'KILL',
    'OPTIMIZE',
    'BACKUP',
    'RESTORE',
    'EXPLAIN',
    'DESCRIBE',
    'DESC_TABLE',
    'SHOW',
    'WATCH',
    'EXECUTE',
    'CALL',
    'CHECK',
  ],
])

/** Databases that are nobody's business here. */
export const forbiddenDatabases: ReadonlySet<string> = new Set([
  'system',
  'information_schema',
  'default',
  '_temporary_and_external_tables',
])

/**
 * Functions that reach files, the network, other processes, settings or the machine, or that only waste time.
 * Refused wherever the name stands, even without a bracket: APPLY calls a function by its bare name.
 */
const forbiddenNames: ReadonlySet<string> = new Set([
  // Files, networks, other processes.
  ...[
    'file',
    'filecluster',
    'url',
    'input',
    'executable',
    'hdfs',
    'gcs',
    'oss',
    'cosn',
    'jdbc',
    'odbc',
    'mongodb',
    'redis',
    'sqlite',
    'mysql',
    'postgresql',
    'cluster',
    'clusterallreplicas',
  ],
  ...[
    'arrowflight',
    'arrowstream',
    'ytsaurus',
    'python',
    'chdb',
    'eval',
    'catboostevaluate',
    'evalmlmethod',
    'hascolumnintable',
    'aiclassify',
    'aiembed',
    'aiextract',
    'aigenerate',
    'aitranslate',
  ],
  // Other tables by name, and definitions.
  ...[
    'dictionary',
    'merge',
    'loop',
    'view',
    'viewexplain',
    'viewifpermitted',
    'fuzzquery',
    'fuzzjson',
    'mergetreepartinfo',
    'prometheusquery',
    'prometheusqueryrange',
  ],
  // The machine, its people, its log.
  ...[
    'hostname',
    'fqdn',
    'buildid',
    'tcpport',
    'uptime',
    'serveruuid',
    'shardnum',
    'shardcount',
    'currentuser',
    'authenticateduser',
    'currentroles',
    'enabledroles',
    'defaultroles',
    'currentprofiles',
    'enabledprofiles',
    'defaultprofiles',
    'connectionid',
    'connection_id',
  ],
  ...[
    'showcertificate',
    'globalvariable',
    'zookeepersessionuptime',
    'logtrace',
    'generateserialid',
    'demangle',
    'addresstoline',
    'addresstolinewithinlines',
    'addresstosymbol',
    'transactionid',
  ],
  // Crafted states of aggregates reach code that trusts them.
  ...[
    'initializeaggregation',
    'finalizeaggregation',
    'structuretocapnprotoschema',
    'structuretoprotobufschema',
    'hasthreadfuzzer',
    'lemmatize',
    'synonyms',
  ],
])
const forbiddenPattern =
  /^(dict(get|has|isin)|joinget|sleep|getsetting|getserver|getmacro|getmergetreesetting|getosskernel|getoskernel|getclienthttp|getmaxtable|filesystem|s3|azureblob|iceberg(s3|azure|hdfs|local|cluster|$)|deltalake|hudi|paimon|remote|urlcluster|hdfscluster|executablepool|region(to|in|hierarchy)|mergetree(index|projection|analyze|text)|timeseries(data|metrics|samples|selector|tags|store)|naivebayes|transaction(latest|oldest)|__)/

export const isForbiddenName = (name: string): boolean =>
  forbiddenNames.has(name.toLowerCase()) || forbiddenPattern.test(name.toLowerCase())
