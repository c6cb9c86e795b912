-- What one rank measured in one step: one wide row, arrays aligned by domain. Numbers arrive packed (base64 of IEEE doubles
-- or of 16-bit indices): a third cheaper to insert than decimal text, and exact without help from a float parser.
-- A loss that was not finite is stored as NaN. `arrival` falls as the offset rises, so the first arrival survives.
CREATE TABLE IF NOT EXISTS observations
(
  project LowCardinality(String),
  run LowCardinality(String),
  attempt UInt32,
  step UInt64,
  rank UInt32,
  mixture_version Int64 COMMENT 'in force when the batch was sampled; -1 where the trainer did not say',
  packed_domains String EPHEMERAL,
  domains Array(UInt16) DEFAULT reinterpret(base64Decode(packed_domains), 'Array(UInt16)'),
  packed_tokens String EPHEMERAL,
  tokens Array(UInt64) DEFAULT CAST(reinterpret(base64Decode(packed_tokens), 'Array(Float64)'), 'Array(UInt64)'),
  packed_loss_sum String EPHEMERAL,
  loss_sum Array(Float64) DEFAULT reinterpret(base64Decode(packed_loss_sum), 'Array(Float64)'),
  packed_sequences String EPHEMERAL,
  sequences Array(UInt64) DEFAULT CAST(reinterpret(base64Decode(packed_sequences), 'Array(Float64)'), 'Array(UInt64)'),
  signal_names Array(String) EPHEMERAL,
  packed_signals Array(String) EPHEMERAL,
  signals Map(String, Array(Float64)) DEFAULT mapFromArrays(signal_names, arrayMap(x -> reinterpret(base64Decode(x), 'Array(Float64)'), packed_signals)),
  time_ms Int64,
  time DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(time_ms, 'UTC'),
  partition UInt32,
  offset UInt64,
  arrival UInt64 MATERIALIZED 18446744073709551615 - offset,
  INDEX by_offset offset TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(arrival)
ORDER BY (project, run, attempt, step, rank)
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 2048
