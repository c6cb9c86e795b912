"""Sums by domain over the micro-batches of a step."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from .._errors import ArgumentError
from ._backends import backend_of, is_tensor, over_ranks, torch_if_loaded
from ._batch import Domains, domain_count
from .domain_losses import ROWS, DomainLosses


class DomainAccumulator:
    """Adds up what `by_domain` or `doremi_excess` make of micro-batches; `take` gives the sums of the step.

        for batch in micro_batches:
            ...
            sums.add(by_domain(token_losses, domain_ids, run.domains))
        run.log(step, **sums.take().fields())

    `signals` names the further sums that come with each of them (`("clippedExcessSum", "refLossSum")` for `doremi_excess`).
    `device` is where the sums are, for a rank whose step may have no micro-batch and that takes part in a collective.
    """

    def __init__(self, domains: Domains, signals: Sequence[str] = (), device: Optional[object] = None) -> None:
        if isinstance(signals, str):
            raise ArgumentError("signals", f"should be a sequence of names, got the text {signals!r}.")
        self._size = domain_count(domains)
        self._signals = tuple(signals)
        self._device = device
        self._table: Optional[Any] = None

    def add(self, losses: DomainLosses) -> None:
        """Adds a micro-batch. Nothing waits for a GPU."""
        if losses._copied is not None:
            raise ArgumentError("losses", "are on their way to the CPU; add them before `begin_copy`.")
        if losses._signals != self._signals:
            raise ArgumentError("losses", f"should have the signals {list(self._signals)}, got {list(losses._signals)}.")
        if losses._table.shape[1] != self._size + 1:
            raise ArgumentError("losses", f"should be of {self._size} domains, got {losses._table.shape[1] - 1}.")
        with backend_of(losses._table).quietly():
            self._table = losses._table if self._table is None else self._table + losses._table

    def take(self, *, all_reduce: bool = False, group: Optional[Any] = None) -> DomainLosses:
        """What was added since the last `take`; zeros where nothing was. With `all_reduce` (or a `group`) the sums of all
        ranks: one collective for the whole step, which every rank must take part in."""
        table, self._table = self._table, None
        if table is None:
            table = self._zeros()
        if all_reduce or group is not None:
            # A table that was added alone is the caller's; a collective writes to what it is given.
            table = over_ranks(table.clone() if is_tensor(table) else table, "SUM", group)
        return DomainLosses(table, self._signals)

    def _zeros(self) -> Any:
        torch = torch_if_loaded()
        shape = (len(ROWS) + len(self._signals), self._size + 1)
        if torch is not None:
            return torch.zeros(shape, dtype=torch.float64, device=self._device)
        import numpy

        return numpy.zeros(shape)
