"""Which mixture is in force. Commands come in on one thread; the training loop takes them at step boundaries."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import replace
from typing import Any, Deque, Dict, Mapping, NamedTuple, Optional, Tuple

from ._commands import count, read_mixture
from ._values import Mixture

REMEMBERED = 256
"""Switches that are remembered, for reports of steps that were sampled some time ago."""


class Refusal(NamedTuple):
    """A command that cannot be applied, and why."""

    attempt: int
    version: int
    because: str


class Desk:
    """Keeps the mixture in force and the newest ones on offer."""

    def __init__(self, first: Mixture, attempt: int) -> None:
        self._lock = threading.Lock()
        self.attempt = attempt
        self.highest_attempt = 0
        """Of all the commands seen, those that were dropped included; 0 before any."""
        self.in_force = first
        self._before = first
        self._offers: Dict[int, Mixture] = {}
        self._highest: Tuple[int, int] = (first.attempt, first.version)
        self._switches: Deque[Tuple[int, int]] = deque([(-1, first.version)], maxlen=REMEMBERED)

    @property
    def offered(self) -> Optional[Mixture]:
        """The newest mixture that came for this attempt and is not in force yet."""
        return self.offer_at(math.inf)

    def offer_at(self, step: float) -> Optional[Mixture]:
        """The newest one on offer that may be used at this step."""
        if not self._offers:
            return None
        with self._lock:
            fitting = [m for m in self._offers.values() if m.attempt == self.attempt and m.from_step <= step]
            return max(fitting, key=lambda m: m.version, default=None)

    @property
    def newest(self) -> Mixture:
        """The newest known: on offer, or else in force."""
        return self.offered or self.in_force

    def receive(self, data: Mapping[str, Any]) -> Optional[Refusal]:
        """Takes a command. Returns a refusal where it makes no sense; older and repeated ones are dropped in silence."""
        attempt, version = count(data.get("attempt")), count(data.get("version"))
        if attempt is None or version is None:
            raise ValueError("a command lacks its attempt or version")
        with self._lock:
            self.note(attempt)
            if attempt < self.attempt or (attempt, version) <= self._highest:
                return None
            self._highest = (attempt, version)
            read = read_mixture(data, self.in_force.domains)
            if isinstance(read, str):
                return Refusal(attempt, version, read)
            self._offers[version] = read
            return None

    def switch(self, mixture: Mixture, step: int) -> None:
        """Puts a mixture in force from this step on; it and the older ones are on offer no more."""
        with self._lock:
            self._offers = {v: m for v, m in self._offers.items() if m.attempt > self.attempt or v > mixture.version}
            self._before, self.in_force = self.in_force, mixture
        self._switches.append((step, mixture.version))

    def version_at(self, step: int) -> int:
        """The version in force when the batch of this step was drawn: that of the boundary at or before it."""
        since, newest = self._switches[-1]
        if since <= step:
            return newest
        return next((version for since, version in reversed(self._switches) if since <= step), self._switches[0][1])

    def refuse(self, version: int, step: int) -> None:
        """Never takes this version; where it is in force, goes back to the one before."""
        with self._lock:
            self._offers.pop(version, None)
            if self.in_force.version != version:
                return
            self.in_force = self._before
        self._switches.append((step, self.in_force.version))

    def note(self, attempt: int) -> None:
        """An attempt of somebody else."""
        self.highest_attempt = max(self.highest_attempt, attempt)

    def renumber(self, attempt: int, void: bool = False) -> None:
        """The attempt at hand gets another number. What was on offer to earlier ones is void; or everything is."""
        with self._lock:
            self.attempt = attempt
            self._offers = {} if void else {v: m for v, m in self._offers.items() if m.attempt >= attempt}

    def resume(self, attempt: int) -> None:
        """A new attempt begins: what it draws is under the mixture in force now."""
        self.renumber(attempt)
        self._switches.clear()
        self._switches.append((-1, self.in_force.version))

    def restore(self, attempt: int, in_force: Mixture, offered: Optional[Mixture]) -> None:
        """Goes on as a checkpoint left off: with its mixture, and with what was on offer then."""
        self._before = self.in_force = in_force
        self.resume(attempt)
        if offered is not None:
            with self._lock:
                self._offers.setdefault(offered.version, replace(offered, attempt=attempt))
