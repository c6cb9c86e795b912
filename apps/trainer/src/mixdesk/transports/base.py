"""What a transport is: one thread that sends reports, one that listens for mixtures."""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, Optional, Protocol

from .._notices import Notices
from .._outbox import Outbox

Take = Callable[[Dict[str, Any]], None]
"""What is called with the data of every `mixture.set` of the run. It never raises."""


class Reporter(Protocol):
    """The thread that sends what is in the outbox, in order. Nothing of it blocks or raises, but for `close`, which waits."""

    @property
    def sent(self) -> int:
        """Reports handed to the transport."""

    @property
    def acknowledged(self) -> int:
        """Reports that the other side has confirmed."""

    @property
    def dropped(self) -> int:
        """Reports given up: too large, refused for good, or left over at the end with no spool to keep them."""

    @property
    def spooled(self) -> int:
        """Reports that lie in the local spool and were not sent yet. After `close`: what is left there for later."""

    opened: Optional[str]
    """The id of the newest `run.started` or `run.resumed` that the other side has confirmed."""

    @property
    def unsent(self) -> int:
        """Reports that are not acknowledged yet, wherever they are."""

    def start(self) -> None:
        """Begins to send."""

    def wake(self) -> None:
        """Says that the outbox holds something. Called in the training loop: costs next to nothing."""

    def hold(self) -> None:
        """Keeps back what is put into the outbox from now on: its attempt may not be open yet. It is let go by `release`, by `close`,
        or when it could have been sent for some time."""

    def release(self) -> None:
        """Lets go what was kept back."""

    def close(self, timeout: float) -> None:
        """Sends what is left, for at most `timeout` seconds (and about two more to put the rest away)."""


class Receiver(Protocol):
    """The thread that listens for the run's mixtures."""

    caught_up: threading.Event
    """Set once everything that lay there at the start has been taken, or reading is impossible."""

    def start(self) -> None:
        """Begins to listen."""

    def close(self) -> None:
        """Asks the thread to end; returns at once."""

    def join(self, timeout: float) -> None:
        """Waits for its end, for at most `timeout` seconds."""


class Transport(Protocol):
    """A way to and from Mixdesk, for any number of runs."""

    def reporter(self, run: str, rank: int, outbox: Outbox, notices: Notices) -> Reporter:
        """A reporter, not started yet."""

    def receiver(self, run: str, take: Take, notices: Notices) -> Receiver:
        """A receiver, not started yet."""
