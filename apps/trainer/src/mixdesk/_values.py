"""The plain values that go in and come out of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Tuple


@dataclass(frozen=True)
class Domain:
    """A named source of training data."""

    name: str
    tokens: Optional[int] = None
    """Tokens available; repetition caps need it."""
    weight: Optional[float] = None
    """Share in the mixture the run starts with. All domains have one, or none."""
    group: Optional[str] = None


@dataclass(frozen=True)
class RestartFrom:
    """A wish of the server: start again from this checkpoint (of this run or another)."""

    run: str
    step: int
    uri: Optional[str] = None


@dataclass(frozen=True)
class Mixture:
    """Weights over the domains. Version 0 is what the run started with; every later one was decided."""

    version: int
    weights: Tuple[float, ...]
    domains: Tuple[str, ...]
    from_step: int = 0
    """First step that may use it."""
    meaning: str = "samplingProbability"
    """`samplingProbability`, or `lossMultiplier`: sample uniformly and weigh the losses."""
    controls: Mapping[str, Any] = field(default_factory=dict)
    """Further settings from the policy."""
    lifecycle: str = "train"
    """`train`, `stop` or `restart`."""
    decided_at_step: int = -1
    """Last step the decision saw."""
    because: str = ""
    decision_id: str = ""
    restart_from: Optional[RestartFrom] = None
    attempt: int = 1

    def weight(self, domain: str) -> float:
        """The weight of one domain, by name."""
        return self.weights[self.domains.index(domain)]


@dataclass(frozen=True)
class Stats:
    """What became of everything reported so far: `sent + queued + dropped` is all of it."""

    queued: int
    """Waiting here, not yet handed to the transport."""
    sent: int
    """Handed to the transport."""
    acknowledged: int
    """Confirmed by the other side: by Kafka, on disk as its brokers are set up; by the server, in Kafka; written to the file."""
    dropped: int
    """Given up: the queue was full, the message too large, or the process ended first."""
    errors: int
    """Things that went wrong, each logged once per cause: arguments, unreadable commands, refused deliveries."""
    spooled: int = 0
    """Kept in the local spool until they can be sent; after the end, what the next process will send."""
