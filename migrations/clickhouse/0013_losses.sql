-- Losses on the current chain of attempts: what the run's life looks like from its end.
CREATE OR REPLACE VIEW losses AS
SELECT project, run, attempt, step, domain, loss, loss_nats, tokens, sequences, ranks, not_finite, mixture_version
FROM all_losses
WHERE current
