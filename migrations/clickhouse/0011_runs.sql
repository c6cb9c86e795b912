-- One row a run: the facts of the ledger folded, the latest winning.
CREATE OR REPLACE VIEW runs AS
SELECT f.project AS project, f.run AS run,
  argMaxIf(f.status, f.stream_version, f.status != '') AS status,
  argMaxIf(f.because, f.stream_version, f.status != '') AS because,
  argMinIf(f.domains, f.stream_version, notEmpty(f.domains)) AS domains,
  argMinIf(f.weights, f.stream_version, notEmpty(f.weights)) AS weights,
  argMaxIf(f.policy, f.stream_version, f.policy != '') AS policy,
  argMaxIf(f.policy_version, f.stream_version, f.policy != '') AS policy_version,
  argMaxIf(f.ranks, f.stream_version, f.ranks > 0) AS ranks,
  argMaxIf(f.cadence, f.stream_version, f.cadence > 0) AS cadence,
  argMaxIf(f.params, f.stream_version, f.params != '') AS params,
  argMaxIf(f.tags, f.stream_version, f.fact IN ('RunStarted', 'RunAnnotated')) AS tags,
  argMaxIf(f.notes, f.stream_version, f.fact IN ('RunStarted', 'RunAnnotated')) AS notes,
  anyIf(f.parent, f.parent != '') AS parent,
  max(f.attempt) AS attempts,
  fromUnixTimestamp64Milli(minIf(f.occurred_ms, f.fact IN ('RunStarted', 'RunRefused')), 'UTC') AS started_at,
  argMaxIf(f.fact, f.stream_version, f.fact IN ('RunResumed', 'RunFinished')) = 'RunFinished' AS finished,
  if(finished, fromUnixTimestamp64Milli(argMaxIf(f.occurred_ms, f.stream_version, f.fact = 'RunFinished'), 'UTC'), NULL) AS finished_at,
  if(finished, argMaxIf(f.step, f.stream_version, f.fact = 'RunFinished'), NULL) AS last_step
FROM run_facts AS f FINAL
GROUP BY f.project, f.run
