"""Which mixture is in force. Commands come in on one thread; the training loop takes them at step boundaries."""

from __future__ import annotations

import math
import threading
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple, Union

from ._values import Mixture, RestartFrom

MEANINGS = ("samplingProbability", "lossMultiplier")


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
        self.in_force = first
        self._before = first
        self._offers: Dict[int, Mixture] = {}
        self._highest: Tuple[int, int] = (first.attempt, first.version)

    @property
    def offered(self) -> Optional[Mixture]:
        """The newest mixture that came for this attempt and is not in force yet."""
        with self._lock:
            return self._newest(math.inf)

    def _newest(self, step: float) -> Optional[Mixture]:
        best = None
        for offer in self._offers.values():
            if offer.attempt == self.attempt and offer.from_step <= step and (best is None or offer.version > best.version):
                best = offer
        return best

    @property
    def newest(self) -> Mixture:
        """The newest known: on offer, or else in force."""
        return self.offered or self.in_force

    def receive(self, data: Mapping[str, Any]) -> Optional[Refusal]:
        """Takes a command. Returns a refusal where it makes no sense; older and repeated ones are dropped in silence."""
        attempt, version = _count(data.get("attempt")), _count(data.get("version"))
        if attempt is None or version is None:
            raise ValueError("a command lacks its attempt or version")
        with self._lock:
            if attempt < self.attempt or (attempt, version) <= self._highest:
                return None
            self._highest = (attempt, version)
            read = read_mixture(data, self.in_force.domains)
            if isinstance(read, str):
                return Refusal(attempt, version, read)
            self._offers[version] = read
            return None

    def take(self, step: int) -> Optional[Mixture]:
        """Puts the newest mixture with `from_step <= step` in force. Returns it the first time only."""
        if not self._offers:
            return None
        with self._lock:
            newest = self._newest(step)
            if newest is None:
                return None
            self._offers = {v: m for v, m in self._offers.items() if m.attempt > self.attempt or v > newest.version}
            self._before, self.in_force = self.in_force, newest
            return newest

    def refuse(self, version: int) -> None:
        """Never takes this version; where it is in force, goes back to the one before."""
        with self._lock:
            self._offers.pop(version, None)
            if self.in_force.version == version:
                self.in_force = self._before

    def resume(self, attempt: int) -> None:
        """What was on offer to earlier attempts is void."""
        with self._lock:
            self.attempt = attempt
            self._offers = {v: m for v, m in self._offers.items() if m.attempt >= attempt}


def read_mixture(data: Mapping[str, Any], domains: Tuple[str, ...]) -> Union[Mixture, str]:
    """The mixture in a command, in the run's order of domains; or the sentence that says why it can't be used."""
    named, weights = data.get("domains"), data.get("weights")
    if not isinstance(named, list) or not isinstance(weights, list) or len(named) != len(weights):
        return "`domains` and `weights` should be lists of the same length"
    by_name = dict(zip(named, weights)) if all(isinstance(n, str) for n in named) else {}
    if len(by_name) != len(domains) or any(d not in by_name for d in domains):
        return f"the domains are not the {len(domains)} domains of the run"
    ordered = tuple(by_name[d] for d in domains)
    if not all(isinstance(w, (int, float)) and not isinstance(w, bool) and math.isfinite(w) and w >= 0 for w in ordered):
        return "the weights should be finite and not negative"
    if abs(math.fsum(ordered) - 1.0) > 1e-6:
        return f"the weights sum to {math.fsum(ordered)!r}, not to 1"
    from_step, meaning = _count(data.get("fromStep")), data.get("meaning")
    if from_step is None:
        return "`fromStep` should be a step"
    if meaning not in MEANINGS:
        return f"the meaning {meaning!r} is not known; {' and '.join(MEANINGS)} are"
    lifecycle, restart = _lifecycle(data.get("lifecycle", "train"))
    if lifecycle is None:
        return "`lifecycle` should be train, stop or restartFrom"
    controls, decided = data.get("controls"), data.get("decidedAtStep")
    return Mixture(
        version=data["version"],
        weights=tuple(float(w) for w in ordered),
        domains=domains,
        from_step=from_step,
        meaning=meaning,
        controls=controls if isinstance(controls, dict) else {},
        lifecycle=lifecycle,
        decided_at_step=decided if isinstance(decided, int) else -1,
        because=str(data.get("because", "")),
        decision_id=str(data.get("decisionId", "")),
        restart_from=restart,
        attempt=data["attempt"],
    )


def _lifecycle(value: object) -> Tuple[Optional[str], Optional[RestartFrom]]:
    if value in ("train", "stop"):
        return str(value), None
    if isinstance(value, dict):
        wish = value.get("restartFrom")
        if isinstance(wish, dict):
            run, step, uri = wish.get("run"), _count(wish.get("step")), wish.get("uri")
            if isinstance(run, str) and step is not None:
                return "restart", RestartFrom(run, step, uri if isinstance(uri, str) else None)
    return None, None


def _count(value: object) -> Optional[int]:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
