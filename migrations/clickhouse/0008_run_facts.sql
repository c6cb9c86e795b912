-- What the ledger says of a run, one row a fact; a column is filled where the fact speaks of it. The view `runs` folds them.
CREATE TABLE IF NOT EXISTS run_facts
(
  project LowCardinality(String),
  run LowCardinality(String),
  stream_version UInt64,
  fact LowCardinality(String),
  attempt UInt32,
  step Int64,
  status LowCardinality(String),
  because String,
  domains Array(String),
  packed_weights String EPHEMERAL,
  weights Array(Float64) DEFAULT reinterpret(base64Decode(packed_weights), 'Array(Float64)'),
  policy LowCardinality(String),
  policy_version UInt32,
  ranks UInt32,
  cadence UInt32,
  params String,
  tags Array(String),
  notes String,
  parent String,
  occurred_ms Int64,
  position UInt64,
  arrival UInt64 MATERIALIZED 18446744073709551615 - position
)
ENGINE = ReplacingMergeTree(arrival)
ORDER BY (project, run, stream_version)
SETTINGS non_replicated_deduplication_window = 10000
