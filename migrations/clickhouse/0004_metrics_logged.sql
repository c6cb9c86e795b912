-- Any other numbers of a step. A step may be logged several times, so the place in the log is part of the key.
CREATE TABLE IF NOT EXISTS metrics_logged
(
  project LowCardinality(String),
  run LowCardinality(String),
  attempt UInt32,
  step UInt64,
  rank UInt32,
  names Array(LowCardinality(String)),
  packed_values String EPHEMERAL,
  values Array(Float64) DEFAULT reinterpret(base64Decode(packed_values), 'Array(Float64)'),
  time_ms Int64,
  time DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(time_ms, 'UTC'),
  partition UInt32,
  offset UInt64,
  arrival UInt64 MATERIALIZED 18446744073709551615 - offset
)
ENGINE = ReplacingMergeTree(arrival)
ORDER BY (project, run, attempt, step, rank, partition, offset)
SETTINGS non_replicated_deduplication_window = 10000
