-- Attempts with the steps that count: attempt a reaches until the earliest step that any later attempt resumed from.
-- A run's domain names come along, so that one join turns indices into names.
CREATE OR REPLACE VIEW attempts AS
WITH starts AS
(
  SELECT project, run, attempt,
    if(attempt = 1, -1, argMinIf(step, stream_version, fact = 'RunResumed')) AS from_step,
    min(occurred_ms) AS started_ms
  FROM run_facts FINAL
  WHERE fact IN ('RunStarted', 'RunRefused', 'RunResumed')
  GROUP BY project, run, attempt
)
SELECT s.project AS project, s.run AS run, s.attempt AS attempt, s.from_step AS from_step,
  ifNull(
    min(toNullable(s.from_step)) OVER (PARTITION BY s.project, s.run ORDER BY s.attempt ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING),
    9223372036854775807
  ) AS last_step,
  d.domains AS domains,
  fromUnixTimestamp64Milli(s.started_ms, 'UTC') AS started_at
FROM starts AS s
LEFT JOIN (SELECT project, run, argMinIf(domains, stream_version, notEmpty(domains)) AS domains FROM run_facts FINAL GROUP BY project, run) AS d
  ON s.project = d.project AND s.run = d.run
