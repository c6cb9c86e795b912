-- From which step on which version was wanted, on the current chain of attempts. A version that a later one overtook (the later
-- one begins no later) never counts, which makes `from_step` rise with `version`. Version 0 is what the run started with.
CREATE OR REPLACE VIEW requested_mixtures AS
SELECT project, run, version, from_step, weights
FROM
(
  SELECT project, run, version, from_step, weights,
    ifNull(
      min(toNullable(from_step)) OVER (PARTITION BY project, run ORDER BY version ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING),
      9223372036854775807
    ) AS later
  FROM
  (
    SELECT project, run, toUInt64(0) AS version, toInt64(0) AS from_step, weights FROM runs WHERE notEmpty(weights)
    UNION ALL
    SELECT d.project AS project, d.run AS run, d.version AS version, toInt64(d.from_step) AS from_step, d.weights AS weights
    FROM mixtures_decided AS d FINAL
    LEFT JOIN attempts AS a ON d.project = a.project AND d.run = a.run AND d.attempt = a.attempt
    WHERE a.attempt = 0 OR d.step <= a.last_step
  ) AS versions
) AS ordered
WHERE from_step < later
