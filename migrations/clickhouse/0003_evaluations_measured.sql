-- Held-out losses by domain and scores by task. A step may be evaluated several times, so the place in the log is part of the key.
CREATE TABLE IF NOT EXISTS evaluations_measured
(
  project LowCardinality(String),
  run LowCardinality(String),
  attempt UInt32,
  step UInt64,
  packed_domains String EPHEMERAL,
  domains Array(UInt16) DEFAULT reinterpret(base64Decode(packed_domains), 'Array(UInt16)'),
  packed_loss String EPHEMERAL,
  loss Array(Float64) DEFAULT reinterpret(base64Decode(packed_loss), 'Array(Float64)'),
  tasks Array(String),
  packed_scores String EPHEMERAL,
  scores Array(Float64) DEFAULT reinterpret(base64Decode(packed_scores), 'Array(Float64)'),
  time_ms Int64,
  time DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(time_ms, 'UTC'),
  partition UInt32,
  offset UInt64,
  arrival UInt64 MATERIALIZED 18446744073709551615 - offset
)
ENGINE = ReplacingMergeTree(arrival)
ORDER BY (project, run, attempt, step, partition, offset)
SETTINGS non_replicated_deduplication_window = 10000
