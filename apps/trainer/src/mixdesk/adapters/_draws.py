"""Which source the next item comes from, and what becomes of the ones that have ended: the inside of `MixtureNode`."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Sequence

from .. import _checks as checks
from .._errors import ArgumentError
from ..samplers._mix import Mix
from ._steps import Follows, Steps

FIRST, ALL, ALL_ONCE, FOREVER = "first", "all", "all once", "forever"
"""When to stop: as the first source ends; once each has ended, starting the ended ones again meanwhile; the same
without starting any again; never."""


class Draws:
    """Draws indices of domains by the mixture of a run. A domain of weight 0 is never drawn, and nobody waits for its end."""

    def __init__(
        self, run: Follows, names: Sequence[str], *, argument: str, schedule: str, seed: int, samples_per_step: Optional[int], stop: str
    ) -> None:
        self._mix = Mix(run, schedule, seed)
        self._steps = Steps(run, self._mix, samples_per_step)
        self.domains = domains = self._mix.domains
        if set(names) != set(domains) or len(names) != len(domains):
            wanted, got = checks.show(list(domains)), checks.show(list(names))
            raise ArgumentError(argument, f"should hold one source for each of the run's domains, {wanted}, got {got}.")
        self._stop = stop
        self._ended = [False] * len(domains)

    def draw(self) -> int:
        """The domain that the next item should come from. Raises StopIteration at the end."""
        self._steps.before_draw()
        if self._over():
            raise StopIteration
        return self._mix.draw(1)[0]

    def took(self) -> None:
        """An item came of the last draw."""
        self._steps.took()

    def ended(self, index: int) -> bool:
        """The source of this domain, which was drawn, has ended. Raises StopIteration where that is the end of all; else
        says whether to start the source again (or to draw another domain)."""
        self._ended[index] = True
        over = self._over()
        if not over and self._stop != ALL_ONCE:
            return True
        self._mix.take_back()  # nothing came of it
        if over:
            raise StopIteration
        self._mix.close(index)
        return False

    def again(self) -> None:
        """All sources start from their beginning. The schedule goes on: the shares stay right over several passes."""
        self._ended = [False] * len(self._ended)
        if self._mix.closed:
            self._mix.load({**self._mix.state_dict(), "closed": []})
        self._steps.break_off()

    def _over(self) -> bool:
        if self._stop == FOREVER:
            return False
        if self._stop == FIRST:
            return any(self._ended)
        return all(ended or weight == 0.0 for ended, weight in zip(self._ended, self._mix.weights))

    def state_dict(self) -> Dict[str, Any]:
        """All that decides the next draws, apart from mixtures yet to come. Plain values, JSON can hold it."""
        return {"ended": list(self._ended), "mix": self._mix.state_dict(), "steps": self._steps.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        self._mix.load(state["mix"])
        self._steps.load_state_dict(state["steps"])
        self._ended = [bool(ended) for ended in state["ended"]]
