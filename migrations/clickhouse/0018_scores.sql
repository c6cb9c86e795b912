-- Evaluation scores, a row a task.
CREATE OR REPLACE VIEW scores AS
SELECT project, run, attempt, step, task, score, time, partition, offset
FROM (SELECT *, time FROM evaluations_measured FINAL) AS e
ARRAY JOIN e.tasks AS task, e.scores AS score
