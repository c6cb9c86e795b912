"""Mixdesk for training loops: report losses per domain, receive the mixture to sample by.

run = mixdesk.start("my-run", domains=["web", "code"], policy="odm")
for step, batch in enumerate(run.loader({"web": web, "code": code}, batch_size=32)):
    losses, tokens = train_step(batch)
    run.log(step, losses=losses, tokens=tokens)
"""

from ._errors import ArgumentError, MixdeskError, RunOver
from ._open import resume, start
from ._ranks import Agreement, TorchAgreement
from ._run import Run
from ._state import Stateful
from ._values import Domain, Mixture, RestartFrom, Stats

__version__ = "0.1.0"

__all__ = [
    "Agreement",
    "ArgumentError",
    "Domain",
    "MixdeskError",
    "Mixture",
    "RestartFrom",
    "Run",
    "RunOver",
    "Stateful",
    "Stats",
    "TorchAgreement",
    "resume",
    "start",
]
