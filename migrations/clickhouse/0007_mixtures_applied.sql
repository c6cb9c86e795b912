-- Which rank took which mixture into effect, and at which step.
CREATE TABLE IF NOT EXISTS mixtures_applied
(
  project LowCardinality(String),
  run LowCardinality(String),
  attempt UInt32,
  version UInt64,
  rank UInt32,
  step UInt64,
  recorded_ms Int64,
  recorded_at DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(recorded_ms, 'UTC'),
  position UInt64,
  arrival UInt64 MATERIALIZED 18446744073709551615 - position
)
ENGINE = ReplacingMergeTree(arrival)
ORDER BY (project, run, attempt, version, rank)
SETTINGS non_replicated_deduplication_window = 10000
