"""What differs between transports when it comes to sending."""

from __future__ import annotations

from typing import Protocol

from .event import Event


class Desk(Protocol):
    """Where a carrier says what became of the events that it was handed, by their numbers."""

    def delivered(self, number: int) -> None:
        """The other side has it for good."""

    def refused(self, number: int, cause: str, sentence: str) -> None:
        """It will never be taken. One sentence is logged for each cause."""

    def trouble(self, cause: str, sentence: str) -> None:
        """Something is in the way. One sentence is logged for each cause."""


class Carrier(Protocol):
    """Takes events to the other side, in the order in which they are handed over. All but `interrupt` is called by one thread."""

    most: int
    """Events in its hands at most."""

    @property
    def full(self) -> bool:
        """Whether it should get no more for now, fewer than `most` though it has."""

    broken: bool
    """Whether it has lost hold of what it was handed: `drop`, wait for `pause` seconds, `connect`, and hand over everything again."""
    pause: float
    """Seconds to wait before the next `connect`."""

    def connect(self, patience: float) -> bool:
        """Whether events can be handed over now. Waits about `patience` seconds to find out, and not at all where it knows."""

    def hand_over(self, number: int, event: Event) -> None:
        """Takes an event."""

    def work(self, patience: float) -> None:
        """Brings on its way what it has, for about `patience` seconds where the other side is slow, and tells the desk what arrived."""

    def drop(self) -> None:
        """Forgets what is in its hands, and the connection."""

    def interrupt(self) -> None:
        """Makes a `work` that waits for an answer end soon. Called by another thread."""

    def close(self) -> None:
        """Lets go of everything."""
