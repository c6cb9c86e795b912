-- Where a policy looked and changed nothing.
CREATE OR REPLACE VIEW holds AS
SELECT project, run, attempt, step, version, because, guards, guards_because, policy, policy_version, recorded_at
FROM mixtures_held FINAL
