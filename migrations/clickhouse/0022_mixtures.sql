-- Three mixtures side by side, by step and domain, on the current chain of attempts: requested (decided), effective (acknowledged)
-- and realised (the share of the tokens trained on, finite loss or not). NULL where nothing is known.
CREATE OR REPLACE VIEW mixtures AS
SELECT s.project AS project, s.run AS run, s.attempt AS attempt, s.step AS step, domain,
  if(empty(s.requested_weights), NULL, s.requested_weights[i]) AS requested, s.requested_version AS requested_version,
  if(empty(e.weights), NULL, e.weights[i]) AS effective, e.version AS effective_version,
  if(s.total = 0, NULL, s.tokens[toUInt16(i - 1)] / s.total) AS realised,
  s.sampled_version AS sampled_version
FROM
(
  SELECT t.project AS project, t.run AS run, t.attempt AS attempt, t.step AS step, t.names AS names, t.tokens AS tokens, t.total AS total,
    t.sampled_version AS sampled_version, r.weights AS requested_weights, r.version AS requested_version
  FROM
  (
    SELECT o.project AS project, o.run AS run, o.attempt AS attempt, toInt64(o.step) AS step,
      any(a.domains) AS names, sumMap(mapFromArrays(o.domains, o.tokens)) AS tokens, sum(arraySum(o.tokens)) AS total, min(o.mixture_version) AS sampled_version
    FROM observations AS o FINAL
    INNER JOIN attempts AS a ON o.project = a.project AND o.run = a.run AND o.attempt = a.attempt
    WHERE toInt64(o.step) <= a.last_step
    GROUP BY o.project, o.run, o.attempt, o.step
  ) AS t
  ASOF LEFT JOIN requested_mixtures AS r ON t.project = r.project AND t.run = r.run AND t.step >= r.from_step
) AS s
ASOF LEFT JOIN effective_mixtures AS e ON s.project = e.project AND s.run = e.run AND s.step >= e.from_step
ARRAY JOIN s.names AS domain, arrayEnumerate(s.names) AS i
