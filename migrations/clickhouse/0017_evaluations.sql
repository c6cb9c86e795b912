-- Held-out losses, a row a domain.
CREATE OR REPLACE VIEW evaluations AS
SELECT e.project AS project, e.run AS run, e.attempt AS attempt, e.step AS step,
  if(i < length(r.domains), r.domains[i + 1], concat('#', toString(i))) AS domain,
  l AS loss, e.time AS time, e.partition AS partition, e.offset AS offset
FROM (SELECT *, time FROM evaluations_measured FINAL) AS e
LEFT JOIN (SELECT project, run, domains FROM runs) AS r ON e.project = r.project AND e.run = r.run
ARRAY JOIN e.domains AS i, e.loss AS l
