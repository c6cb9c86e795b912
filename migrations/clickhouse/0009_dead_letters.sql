-- Messages that could not be used: where they came from, and why.
CREATE TABLE IF NOT EXISTS dead_letters
(
  topic LowCardinality(String),
  source_partition UInt32,
  source_offset UInt64,
  key String,
  because String,
  bytes UInt64,
  time_ms Int64,
  time DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(time_ms, 'UTC'),
  partition UInt32,
  offset UInt64,
  arrival UInt64 MATERIALIZED 18446744073709551615 - offset
)
ENGINE = ReplacingMergeTree(arrival)
ORDER BY (topic, source_partition, source_offset)
SETTINGS non_replicated_deduplication_window = 10000
