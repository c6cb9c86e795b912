"""A batch as these helpers are given it: which tokens count, and where each of them belongs."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Sequence, Union

from .._checks import LARGEST_DOMAINS, integer, show
from .._errors import ArgumentError
from ._backends import Backend

Domains = Union[int, Sequence[Any]]
"""How many domains there are, or a sequence with one entry for each, such as their names."""


class Batch(NamedTuple):
    """Domain ids and the tokens that count."""

    backend: Backend
    spots: Any
    """The domain of each sequence, [batch], or of each token, flat. Ids that are no domain are `size`, one past the last."""
    size: int
    by_sequence: bool
    counted: Optional[Any]
    """Which tokens count, in the shape of the losses; `None` for all."""


def domain_count(domains: Domains) -> int:
    """How many domains are meant."""
    if isinstance(domains, str):
        raise ArgumentError("domains", f"should be a number of domains or a sequence of them, got the text {show(domains)}.")
    return integer("domains", domains if isinstance(domains, int) else _length(domains), 1, LARGEST_DOMAINS)


def _length(domains: object) -> object:
    try:
        return len(domains)  # type: ignore[arg-type]
    except TypeError:
        return domains  # NumPy's integers are checked like others


def batch_of(
    backend: Backend, shape: Sequence[int], domain_ids: object, domains: Domains, mask: Optional[object], labels: Optional[object], ignore_index: int
) -> Batch:
    """Checks shapes, and ids where that costs nothing."""
    size = domain_count(domains)
    if len(shape) not in (1, 2):
        raise ArgumentError("token_losses", f"should have the shape [batch, time] or [tokens], got {list(shape)}.")
    ids = backend.longs(_whole("domain_ids", backend.array("domain_ids", domain_ids)))
    by_sequence = len(shape) == 2 and tuple(ids.shape) == (shape[0],)
    if not by_sequence and tuple(ids.shape) != tuple(shape):
        wanted = f"[{shape[0]}] (one for each sequence) or {list(shape)} (one for each token)" if len(shape) == 2 else str(list(shape))
        raise ArgumentError("domain_ids", f"should have the shape {wanted}, got {list(ids.shape)}.")
    counted = _counted(backend, shape, mask, labels, ignore_index)
    unknown = (ids < 0) | (ids >= size)
    batch = Batch(backend, backend.where(unknown, size, ids).reshape(-1), size, by_sequence, counted)
    if backend.at_once:
        _refuse_unknown(batch, ids.reshape(-1))
    return batch


def _whole(argument: str, ids: Any) -> Any:
    """Ids of a type for whole numbers."""
    kind = str(ids.dtype)
    if "int" not in kind:
        raise ArgumentError(argument, f"should be whole numbers, got {kind}.")
    return ids


def _counted(backend: Backend, shape: Sequence[int], mask: Optional[object], labels: Optional[object], ignore_index: int) -> Optional[Any]:
    counted = None
    for argument, given in (("mask", mask), ("labels", labels)):
        if given is None:
            continue
        values = backend.array(argument, given)
        if tuple(values.shape) != tuple(shape):
            raise ArgumentError(argument, f"should have the shape of the token losses, {list(shape)}, got {list(values.shape)}.")
        these = values != 0 if argument == "mask" else values != ignore_index
        counted = these if counted is None else counted & these
    return counted


def _refuse_unknown(batch: Batch, ids: Any) -> None:
    """An id that is no domain is fine where none of its tokens counts, as in padding."""
    stray = batch.spots == batch.size
    if batch.counted is not None:
        stray = stray & (batch.counted.any(1) if batch.by_sequence else batch.counted.reshape(-1))
    if bool(stray.any()):
        found = int(ids[stray][0])
        raise ArgumentError("domain_ids", f"should be from 0 to {batch.size - 1}, one of {batch.size} domains; a token that counts has {found}.")
