-- Which rank took which mixture into effect, and when.
CREATE OR REPLACE VIEW applied AS
SELECT project, run, attempt, version, rank, step, recorded_at
FROM mixtures_applied FINAL
