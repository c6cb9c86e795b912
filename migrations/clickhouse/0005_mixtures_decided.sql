-- One row a decision, arrays aligned with the run's domains. From the ledger: `position` is its place there.
CREATE TABLE IF NOT EXISTS mixtures_decided
(
  project LowCardinality(String),
  run LowCardinality(String),
  version UInt64,
  attempt UInt32,
  step Int64,
  from_step UInt64,
  decision_id String,
  packed_weights String EPHEMERAL,
  weights Array(Float64) DEFAULT reinterpret(base64Decode(packed_weights), 'Array(Float64)'),
  packed_proposed String EPHEMERAL,
  proposed Array(Float64) DEFAULT reinterpret(base64Decode(packed_proposed), 'Array(Float64)'),
  packed_previous String EPHEMERAL,
  previous Array(Float64) DEFAULT reinterpret(base64Decode(packed_previous), 'Array(Float64)'),
  part_names Array(String) EPHEMERAL,
  packed_parts Array(String) EPHEMERAL,
  parts Map(String, Array(Float64)) DEFAULT mapFromArrays(part_names, arrayMap(x -> reinterpret(base64Decode(x), 'Array(Float64)'), packed_parts)),
  meaning LowCardinality(String),
  controls String,
  policy LowCardinality(String),
  policy_version UInt32,
  config_digest LowCardinality(String),
  because String,
  guards Array(LowCardinality(String)),
  guards_because Array(String),
  evidence_from_step Int64,
  evidence_to_step Int64,
  evidence_steps UInt64,
  evidence_observations UInt64,
  evidence_tokens UInt64,
  evidence_digest String,
  state_digest String,
  recorded_ms Int64,
  recorded_at DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(recorded_ms, 'UTC'),
  position UInt64,
  arrival UInt64 MATERIALIZED 18446744073709551615 - position
)
ENGINE = ReplacingMergeTree(arrival)
ORDER BY (project, run, version)
SETTINGS non_replicated_deduplication_window = 10000
