"""The controls of reinforcement learning that say which prompts enter an update, and how many rollouts each gets."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Optional, Tuple, Union

from .._checks import counts, integer, show
from .._errors import ArgumentError

BAND = "acceptBand"
ROLLOUTS = "rolloutCounts"
_ROUNDING = 1e-9
"""Bounds such as 0.07 · 100 are whole numbers that floating point misses by less than this."""


class AcceptBand(NamedTuple):
    """Pass rates that are kept; what the control says."""

    low: float
    high: float
    open: bool
    """Whether the bounds themselves are turned away."""
    batch: Optional[int]
    """Accepted prompts that make a batch; `None` for the trainer's own number."""
    max_refill: int
    """Rounds of prompts drawn at most after the first, for a batch that is not full."""

    def accepts(self, successes: int, rollouts: int) -> bool:
        """Whether a prompt is kept of whose rollouts so many succeeded. Whole numbers are compared, not rates: 7 of 100 is at a
        bound of 0.07, and 13 of 16 is above 0.8. Without a rollout it is not kept."""
        if rollouts <= 0:
            return False
        slack = _ROUNDING * max(1, rollouts)
        above, below = successes - self.low * rollouts, self.high * rollouts - successes
        return above > slack and below > slack if self.open else above >= -slack and below >= -slack


def accept_band_of(controls: Mapping[str, Any]) -> Optional[AcceptBand]:
    """What a mixture's `controls` say about acceptance; `None` where they don't: every prompt is then kept."""
    given = controls.get(BAND)
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise ArgumentError(BAND, f"should be an object, got {show(given)}.")
    low, high, is_open = _rate("low", given.get("low")), _rate("high", given.get("high")), given.get("open")
    if not isinstance(is_open, bool):
        raise ArgumentError(f"{BAND}.open", f"should be true or false, got {show(is_open)}.")
    batch = given.get("batch")
    return AcceptBand(
        low,
        high,
        is_open,
        None if batch is None else integer(f"{BAND}.batch", batch, 1),
        integer(f"{BAND}.maxRefill", given.get("maxRefill")),
    )


def _rate(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ArgumentError(f"{BAND}.{name}", f"should be a pass rate from 0 to 1, got {show(value)}.")
    return float(value)


def accept(controls: Union[Mapping[str, Any], AcceptBand], successes: int, rollouts: int) -> bool:
    """Whether a prompt enters the update under a mixture's `controls` (or the band read from them): `successes` of its
    `rollouts` succeeded. Without a band every prompt does that has rollouts."""
    band = controls if isinstance(controls, AcceptBand) else accept_band_of(controls)
    tried = integer("rollouts", rollouts)
    passed = integer("successes", successes, 0, max(tried, 0))
    return tried > 0 if band is None else band.accepts(passed, tried)


def rollouts_of(controls: Mapping[str, Any], domains: Optional[int] = None) -> Optional[Tuple[int, ...]]:
    """Rollouts for each prompt, in the order of the domains: for the prompt that a domain is, or for every prompt of the
    domain. `None` where the controls don't say: the trainer's own number then holds. `domains` is how many there should be."""
    given = controls.get(ROLLOUTS)
    return None if given is None else tuple(counts(ROLLOUTS, given, domains))
