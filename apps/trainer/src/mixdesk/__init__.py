"""Mixdesk for training loops: report losses per domain, receive the mixture to sample by.

run = mixdesk.start("my-run", domains=["web", "code"], policy="odm")
for step in range(steps):
    mixture = run.boundary(step)
    loss_sum, tokens = train_step(sample(mixture.weights))
    run.log_losses(step, loss_sum, tokens)
run.finish()
"""

from ._errors import ArgumentError, MixdeskError, RunOver
from ._open import resume, start
from ._run import Run
from ._values import Domain, Mixture, RestartFrom, Stats

__version__ = "0.1.0"

__all__ = ["ArgumentError", "Domain", "MixdeskError", "Mixture", "RestartFrom", "Run", "RunOver", "Stats", "resume", "start"]
