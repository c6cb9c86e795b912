-- Any other numbers of a step, a row a metric.
CREATE OR REPLACE VIEW metrics AS
SELECT project, run, attempt, step, rank, name, value, time, partition, offset
FROM (SELECT *, time FROM metrics_logged FINAL) AS m
ARRAY JOIN m.names AS name, m.values AS value
