-- Where a policy looked and changed nothing, with the reason.
CREATE TABLE IF NOT EXISTS mixtures_held
(
  project LowCardinality(String),
  run LowCardinality(String),
  stream_version UInt64,
  attempt UInt32,
  step Int64,
  version UInt64,
  because String,
  guards Array(LowCardinality(String)),
  guards_because Array(String),
  policy LowCardinality(String),
  policy_version UInt32,
  recorded_ms Int64,
  recorded_at DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(recorded_ms, 'UTC'),
  position UInt64,
  arrival UInt64 MATERIALIZED 18446744073709551615 - position
)
ENGINE = ReplacingMergeTree(arrival)
ORDER BY (project, run, stream_version)
SETTINGS non_replicated_deduplication_window = 10000
