"""A run as the training loop sees it. Every method copies, queues and returns; two threads do the rest."""

from __future__ import annotations

from typing import Tuple

from ._life import Life
from ._reports import Reports
from ._values import Stats


class Run(Reports, Life):
    """Reports a run and holds its mixture. Made by `mixdesk.start` and `mixdesk.resume`.

    Nothing here waits for Mixdesk, except `finish`, and `load_state_dict` before training. With `strict=False` nothing
    that is called in a training loop raises either: what is wrong is counted in `stats.errors` and logged once per cause.
    With `strict=True` wrong arguments raise.
    """

    @property
    def name(self) -> str:
        """The run's name: its identity, and the key of its messages."""
        return self._name

    @property
    def domains(self) -> Tuple[str, ...]:
        """Names of the domains, in the order of all arrays."""
        return self._names

    @property
    def start_weights(self) -> Tuple[float, ...]:
        """The weights of the mixture of version 0, as `start` was given them; uniform where it was given none."""
        return self._start_weights

    @property
    def rank(self) -> int:
        """Which of the reporting processes this is, from 0."""
        return self._rank

    @property
    def ranks(self) -> int:
        """How many processes report."""
        return self._ranks

    @property
    def step(self) -> int:
        """The newest step reported, or restored from a checkpoint: its effect is in the model. -1 before any. Training
        goes on with the next."""
        return self._done

    @property
    def stats(self) -> Stats:
        """What became of everything reported so far."""
        reporter, outbox = self._reporter, self._outbox
        dropped = reporter.dropped + outbox.dropped + self._withheld
        return Stats(len(outbox), reporter.sent, reporter.acknowledged, dropped, self._notices.errors, reporter.spooled)
