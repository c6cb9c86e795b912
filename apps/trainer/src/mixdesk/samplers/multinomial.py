"""Seeded multinomial sampling: every draw is independent, with the weights as probabilities."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import Any, Dict, List, Mapping, Sequence

from .._checks import integer
from ._random import at, key
from ._units import Units

_PURPOSE = 1


class Multinomial:
    """Draw `n` depends on the seed, on `n` and on the weights, and on nothing else: a position is the whole state.

    Counts are binomial: with weight `w`, after `n` draws, `n w` give or take a few times `sqrt(n w (1 - w))`.
    """

    name = "multinomial"

    def __init__(self, seed: int) -> None:
        self._stream = key(seed, _PURPOSE)
        self._drawn = 0
        self._ends: List[int] = []

    def weigh(self, units: Units) -> None:
        """Sets the weights from the next draw on."""
        self._ends = list(accumulate(units))

    def draw(self) -> int:
        """The next domain."""
        number = at(self._stream, self._drawn) >> 16  # 48 bits: the unit of weights
        self._drawn += 1
        return bisect_right(self._ends, number)

    def state_dict(self) -> Dict[str, Any]:
        return {"drawn": self._drawn}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state; set the weights after it."""
        self._drawn = integer("state", state.get("drawn"))

    @staticmethod
    def before(state: Mapping[str, Any], units: Units, drawn: Sequence[int]) -> Dict[str, Any]:
        """The state before these draws."""
        return {"drawn": state["drawn"] - len(drawn)}
