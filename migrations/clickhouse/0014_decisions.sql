-- A row per decision and domain, with each part's contribution to the change.
CREATE OR REPLACE VIEW decisions AS
SELECT d.project AS project, d.run AS run, d.version AS version, d.attempt AS attempt, d.step AS step, d.from_step AS from_step,
  if(i <= length(r.domains), r.domains[i], concat('#', toString(i - 1))) AS domain,
  d.weights[i] AS weight, d.proposed[i] AS proposed, d.previous[i] AS previous,
  mapApply((name, values) -> (name, values[i]), d.parts) AS parts,
  d.meaning AS meaning, d.policy AS policy, d.policy_version AS policy_version, d.config_digest AS config_digest,
  d.because AS because, d.guards AS guards, d.guards_because AS guards_because,
  d.evidence_from_step AS evidence_from_step, d.evidence_to_step AS evidence_to_step, d.evidence_steps AS evidence_steps,
  d.evidence_observations AS evidence_observations, d.evidence_tokens AS evidence_tokens, d.evidence_digest AS evidence_digest,
  d.state_digest AS state_digest, d.decision_id AS decision_id, d.controls AS controls, d.recorded_at AS recorded_at
FROM (SELECT *, recorded_at FROM mixtures_decided FINAL) AS d
LEFT JOIN (SELECT project, run, domains FROM runs) AS r ON d.project = r.project AND d.run = r.run
ARRAY JOIN arrayEnumerate(d.weights) AS i
