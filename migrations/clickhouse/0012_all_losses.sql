-- Losses by step and domain name, ranks merged, every attempt. A sum that was not finite makes its domain absent in that
-- rank's row: neither its tokens nor its loss count, `not_finite` says how many ranks that was. `current` marks the chain.
CREATE OR REPLACE VIEW all_losses AS
SELECT rows.project AS project, rows.run AS run, rows.attempt AS attempt, rows.step AS step, domain,
  sumIf(l, isFinite(l)) / sumIf(t, isFinite(l)) AS loss,
  sumIf(l, isFinite(l)) AS loss_nats,
  sumIf(t, isFinite(l)) AS tokens,
  sumIf(s, isFinite(l)) AS sequences,
  countIf(isFinite(l)) AS ranks,
  countIf(NOT isFinite(l)) AS not_finite,
  min(rows.mixture_version) AS mixture_version,
  any(is_current) AS current
FROM
(
  SELECT o.project AS project, o.run AS run, o.attempt AS attempt, o.step AS step, o.mixture_version AS mixture_version,
    o.domains AS indices, o.tokens AS tokens_of, o.loss_sum AS losses_of,
    if(empty(o.sequences), arrayResize([0], length(o.domains), 0), o.sequences) AS sequences_of,
    arrayMap(i -> if(i < length(a.domains), a.domains[i + 1], concat('#', toString(i))), o.domains) AS names,
    a.attempt = 0 OR o.step <= a.last_step AS is_current
  FROM observations AS o FINAL
  LEFT JOIN attempts AS a ON o.project = a.project AND o.run = a.run AND o.attempt = a.attempt
) AS rows
ARRAY JOIN names AS domain, tokens_of AS t, losses_of AS l, sequences_of AS s
GROUP BY project, run, attempt, step, domain
