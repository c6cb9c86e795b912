-- Everything else a trainer or a person said, whole, so that a replay reads the log as it was.
CREATE TABLE IF NOT EXISTS run_events
(
  project LowCardinality(String),
  run LowCardinality(String),
  attempt UInt32,
  step Int64,
  name LowCardinality(String),
  data String,
  time_ms Int64,
  time DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(time_ms, 'UTC'),
  partition UInt32,
  offset UInt64,
  arrival UInt64 MATERIALIZED 18446744073709551615 - offset
)
ENGINE = ReplacingMergeTree(arrival)
ORDER BY (project, run, partition, offset)
SETTINGS non_replicated_deduplication_window = 10000
