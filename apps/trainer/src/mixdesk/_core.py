"""What the parts of a run have in common: what it was made of, where it stands, and its manners."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple

from . import _checks as checks
from ._desk import Desk
from ._errors import ArgumentError, RunOver
from ._notices import Notices
from ._outbox import Outbox
from ._ranks import Agreement, Voice
from ._values import Domain, Mixture
from .transports.base import Transport

Accept = Callable[[Mixture], Optional[str]]
"""Looks at a mixture before it is taken: `None` takes it, a sentence refuses it."""


class Setup(NamedTuple):
    """What a run is made of; `start` and `resume` have checked it."""

    run: str
    domains: Tuple[Domain, ...]
    attempt: int
    first: Mixture
    ranks: int
    rank: int
    transport: Transport
    agreement: Optional[Agreement]
    agree_every: int
    controls: Optional[Tuple[str, ...]]
    accept: Optional[Accept]
    strict: bool
    queue: int
    resume_timeout: float


class Core:
    """The run as its parts see it."""

    def __init__(self, setup: Setup) -> None:
        self._name = setup.run
        self._names = tuple(domain.name for domain in setup.domains)
        self._start_weights = checks.start_weights(setup.domains)
        self._positions = {name: i for i, name in enumerate(self._names)}
        self._ranks = setup.ranks
        self._rank = setup.rank
        self._agree_every = setup.agree_every
        self._controls = setup.controls
        self._accept = setup.accept
        self._strict = setup.strict
        self._queue = setup.queue
        self._resume_timeout = setup.resume_timeout
        self._step = 0
        """The newest step seen, in reports and at boundaries."""
        self._done = -1
        """The newest step reported: its effect is in the model. -1 before any."""
        self._over = False
        # After a fork (data loaders do that) the threads are gone: only the process that began the run reports it.
        self._process = os.getpid()
        self._notices = Notices(setup.run)
        self._outbox = Outbox(setup.queue)
        self._desk = Desk(setup.first, setup.attempt)
        self._voice = None if setup.agreement is None else Voice(setup.agreement, self._notices)
        """How ranks agree; without it, this rank takes what it reads."""

    def _data(self, step: object) -> Dict[str, Any]:
        number = checks.integer("step", step)
        self._seen(number)
        return {"run": self._name, "attempt": self._desk.attempt, "step": number}

    def _seen(self, step: int) -> None:
        if step > self._step:
            self._step = step

    def _open(self, method: str) -> bool:
        if os.getpid() != self._process:
            self._notices.warn("fork", f"{method} was called in a forked process and ignored; report from the process that began the run")
            return False
        if self._over:
            raise RunOver(f"{method} was called after finish")
        return True

    def _failed(self, method: str, error: Exception) -> None:
        if self._strict:
            raise error
        argument = error.argument if isinstance(error, ArgumentError) else type(error).__name__
        self._notices.warn(f"{method} {argument}", f"{method} was ignored: {error}")
