-- From which step on which version was in effect: the step at which the last rank so far acknowledged it.
CREATE OR REPLACE VIEW effective_mixtures AS
SELECT e.project AS project, e.run AS run, e.version AS version, e.from_step AS from_step, w.weights AS weights
FROM
(
  SELECT project, run, version, from_step,
    ifNull(
      min(toNullable(from_step)) OVER (PARTITION BY project, run ORDER BY version ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING),
      9223372036854775807
    ) AS later
  FROM
  (
    SELECT project, run, toUInt64(0) AS version, toInt64(0) AS from_step FROM runs WHERE notEmpty(weights)
    UNION ALL
    SELECT m.project AS project, m.run AS run, m.version AS version, toInt64(max(m.step)) AS from_step
    FROM mixtures_applied AS m FINAL
    LEFT JOIN attempts AS a ON m.project = a.project AND m.run = a.run AND m.attempt = a.attempt
    WHERE m.version > 0 AND (a.attempt = 0 OR m.step <= a.last_step)
    GROUP BY m.project, m.run, m.version
  ) AS versions
) AS e
LEFT JOIN
(
  SELECT project, run, version, weights FROM mixtures_decided FINAL
  UNION ALL
  SELECT project, run, toUInt64(0) AS version, weights FROM runs
) AS w ON e.project = w.project AND e.run = w.run AND e.version = w.version
WHERE e.from_step < e.later
