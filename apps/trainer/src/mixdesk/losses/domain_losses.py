"""Token losses of a batch, summed by domain."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .._errors import ArgumentError
from ._backends import Backend, backend_of, is_tensor, over_ranks
from ._batch import Batch, Domains, batch_of

IGNORED = -100
"""The label of a token that is no target, as everywhere in PyTorch."""

ROWS = ("losses", "tokens", "sequences")
"""The first rows of a table. Those after them are signals."""


class DomainLosses:
    """Sums and counts by domain. They stay on the device of the losses until they are read."""

    def __init__(self, table: Any, signals: Sequence[str] = ()) -> None:
        # [rows, domains + 1], doubles: counts are exact in them up to 2**53. The last column is what belongs to no domain.
        self._table = table
        self._signals = tuple(signals)
        self._copied: Optional[Any] = None

    @property
    def loss_sum(self) -> Any:
        """Sums of token losses, nats, in float64, [domains]; NaN for a domain with a loss that is not finite."""
        return _only_finite(self._table[0, :-1])

    @property
    def tokens(self) -> Any:
        """Tokens that were summed over, int64, [domains]."""
        counts = self._table[1, :-1]
        return counts.long() if is_tensor(counts) else counts.astype("int64")

    def signal(self, name: str) -> Any:
        """Sums of a further signal, such as `clippedExcessSum`, in float64, [domains]; NaN where not finite."""
        if name not in self._signals:
            raise ArgumentError("name", f"should be one of {list(self._signals)}, got {name!r}.")
        return _only_finite(self._table[len(ROWS) + self._signals.index(name), :-1])

    def begin_copy(self) -> "DomainLosses":
        """Begins the copy to the CPU, where the sums are on a GPU, and returns at once. Read them a step later, and nobody
        waits for the GPU."""
        if is_tensor(self._table) and self._table.is_cuda:
            import torch

            host = torch.empty(self._table.shape, dtype=self._table.dtype, pin_memory=True)
            host.copy_(self._table, non_blocking=True)
            self._copied = torch.cuda.Event()
            self._copied.record()
            self._table = host
        return self

    def tolist(self) -> Tuple[List[float], List[int]]:
        """Loss sums and tokens by domain. One copy from the device, and the only place that waits for it."""
        rows = self._rows()
        return rows[0], [int(count) for count in rows[1]]

    def fields(self) -> Dict[str, Any]:
        """What `run.log(step, **losses.fields())` takes: `losses`, `tokens`, `sequences` where they are known, and `signals`.
        Waits for the device, once."""
        rows = self._rows()
        fields: Dict[str, Any] = {"losses": rows[0], "tokens": [int(count) for count in rows[1]]}
        if not any(map(math.isnan, rows[2])):
            fields["sequences"] = [int(count) for count in rows[2]]
        if self._signals:
            fields["signals"] = dict(zip(self._signals, rows[len(ROWS) :]))
        return fields

    def _rows(self) -> List[List[float]]:
        if self._copied is not None:
            self._copied.synchronize()
        rows: List[List[float]] = self._table.tolist()
        strays = rows[1][-1]
        if strays:
            count = len(rows[1]) - 1
            raise ArgumentError("domain_ids", f"should be from 0 to {count - 1}, one of {count} domains; {strays:.0f} tokens have others.")
        return [[number if math.isfinite(number) else math.nan for number in row[:-1]] for row in rows]


def by_domain(
    token_losses: object,
    domain_ids: object,
    domains: Domains,
    *,
    mask: Optional[object] = None,
    labels: Optional[object] = None,
    ignore_index: int = IGNORED,
    all_reduce: bool = False,
    group: Optional[Any] = None,
) -> DomainLosses:
    """Sums token losses and counts tokens by domain.

    `token_losses` are nats, of shape [batch, time] or [tokens]; `domain_ids` are indices into the run's domains, one for each
    sequence, [batch], or one for each token, in the shape of the losses. `domains` is how many there are, or their names.
    Tokens count where `mask` is true and where `labels` are not `ignore_index`; whatever stands elsewhere, NaN too, is left
    out. A sum that is not finite is NaN: that domain is absent for the step, the others are not touched.

    Sums are made in float64 and have the same bits each time. PyTorch tensors stay where they are, and nothing waits for a
    GPU until the result is read; it keeps no graph. On a GPU an id that is no domain is found out when the result is read.

    With `all_reduce` (or a `group`) the sums are those of all ranks, by one collective of `torch.distributed`; without a
    process group it changes nothing. Ranks that each report their own sums do not need it: Mixdesk adds them up.
    """
    return sums_of({}, token_losses, domain_ids, domains, mask, labels, ignore_index, all_reduce or group is not None, group)


def sums_of(
    signals: Mapping[str, Any],
    token_losses: object,
    domain_ids: object,
    domains: Domains,
    mask: Optional[object],
    labels: Optional[object],
    ignore_index: int,
    all_reduce: bool,
    group: Optional[Any],
) -> DomainLosses:
    """`by_domain` with further values of each token: arrays of the same library, in the shape of the losses."""
    backend = backend_of(token_losses, domain_ids)
    losses = backend.array("token_losses", token_losses)
    batch = batch_of(backend, losses.shape, domain_ids, domains, mask, labels, ignore_index)
    with backend.quietly():
        table = _table(backend, batch, [losses, *signals.values()])
    if all_reduce:
        table = over_ranks(table, "SUM", group)
    return DomainLosses(table, tuple(signals))


def _table(backend: Backend, batch: Batch, values: Sequence[Any]) -> Any:
    kept = [backend.doubles(value) if batch.counted is None else backend.where(batch.counted, backend.doubles(value), 0.0) for value in values]
    counts = backend.full(values[0].shape, 1.0) if batch.counted is None else backend.doubles(batch.counted)
    if not batch.by_sequence:
        rows = [row.reshape(-1) for row in [*kept, counts]]
        table = backend.scatter(batch.spots, rows, batch.size + 1)
        sequences = backend.full((batch.size + 1,), float("nan"))  # a token doesn't say where its sequence begins
    else:
        rows = [row.sum(1) for row in [*kept, counts]] + [backend.full((values[0].shape[0],), 1.0)]
        table = backend.scatter(batch.spots, rows, batch.size + 1)
        sequences = table[-1]
        table = table[:-1]
    return backend.stack([table[0], table[-1], sequences, *table[1:-1]])


def _only_finite(sums: Any) -> Any:
    backend = backend_of(sums)
    return backend.where(backend.finite(sums), sums, float("nan"))
