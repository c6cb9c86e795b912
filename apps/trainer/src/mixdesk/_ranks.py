"""How the ranks of one trainer agree on the step at which a mixture comes into force.

Rank 0 listens. At a boundary it tells the others what is new, if anything; each looks whether it can use it; where all
can, all switch at this very step, and where one cannot, none does.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from typing import Any, Dict, NamedTuple, Optional, Protocol, Union

from . import _checks as checks
from ._errors import ArgumentError
from ._notices import Notices


class Agreement(Protocol):
    """A way for ranks to tell one another. All ranks call its methods in the same order, as with any collective.

    One of your own may have `unanimous(yes: bool) -> bool` as well: whether every rank says yes. It is asked only when
    there is news. Without it rank 0 speaks for all: it shares only what it can use itself.
    """

    def share(self, news: Optional[bytes]) -> Optional[bytes]:
        """Gives every rank what rank 0 gave. `None`, which it nearly always is, should cost next to nothing."""


class TorchAgreement:
    """Agreement over `torch.distributed`: one broadcast of eight bytes a call, another of the news when there is some.

    `group` holds the ranks that agree (all of them when left out); its first rank is rank 0. Collectives on the GPU would
    make the CPU wait for it at each boundary, so that with NCCL a small gloo group is made beside it, which is a
    collective of its own: every rank must begin the run.
    """

    def __init__(self, group: Optional[Any] = None) -> None:
        torch, dist = import_module("torch"), import_module("torch.distributed")
        self._torch: Any = torch
        self._dist: Any = dist
        backend = str(dist.get_backend(group))
        if "gloo" not in backend and "mpi" not in backend:
            group = dist.new_group(dist.get_process_group_ranks(group), backend="gloo", use_local_synchronization=group is not None)
        self._group = group
        self._source: int = dist.get_process_group_ranks(group)[0]
        self._first: bool = dist.get_rank() == self._source
        self._length: Any = torch.zeros(1, dtype=torch.int64)

    def share(self, news: Optional[bytes]) -> Optional[bytes]:
        """What the group's first rank gave."""
        if self._first:
            self._length[0] = 0 if news is None else len(news)
        self._dist.broadcast(self._length, self._source, group=self._group)
        length = int(self._length[0])
        if not length:
            return None
        if self._first and news is not None:
            told = self._torch.frombuffer(bytearray(news), dtype=self._torch.uint8)
        else:
            told = self._torch.empty(length, dtype=self._torch.uint8)
        self._dist.broadcast(told, self._source, group=self._group)
        return bytes(told.tolist())

    def unanimous(self, yes: bool) -> bool:
        """Whether every rank says yes."""
        answer = self._torch.tensor([1 if yes else 0], dtype=self._torch.int64)
        self._dist.all_reduce(answer, op=self._dist.ReduceOp.MIN, group=self._group)
        return bool(answer[0])


class Voice:
    """An agreement as a run uses it: JSON objects go through it, and what fails is no news, for ever.

    Ranks that cannot hear one another any more keep their mixture: one that switched alone would be worse than none.
    """

    def __init__(self, agreement: Agreement, notices: Notices) -> None:
        self._agreement: Optional[Agreement] = agreement
        self._unanimous = getattr(agreement, "unanimous", None)
        self._notices = notices

    def share(self, news: Optional[Dict[str, Any]]) -> Optional[Dict[str, Any]]:
        """What rank 0 gave, on every rank."""
        if self._agreement is None:
            return None
        try:
            told = self._agreement.share(json.dumps(news).encode() if news else None)
            read = None if told is None else json.loads(told)
        except Exception as error:
            self._fell_silent(error)
            return None
        return read if isinstance(read, dict) else None

    def unanimous(self, yes: bool) -> bool:
        """Whether all say yes; where nobody can ask, what this one says."""
        if self._agreement is None or self._unanimous is None:
            return yes and self._agreement is not None
        try:
            return bool(self._unanimous(yes))
        except Exception as error:
            self._fell_silent(error)
            return False

    def _fell_silent(self, error: Exception) -> None:
        self._agreement = None
        self._notices.warn("agreement", f"the ranks can't agree any more ({error}); the mixture stays as it is")


class Ranks(NamedTuple):
    """How many ranks report, which one this is, and how they agree."""

    ranks: int
    rank: int
    agreement: Optional[Agreement]


def ranks_of(ranks: Optional[int], rank: Optional[int], agree: Union[Agreement, bool, None]) -> Ranks:
    """As given; else from `torch.distributed`, where somebody has imported and initialised it; else one rank."""
    world = _world()
    if ranks is None:
        if world is None and rank is None and agree is not False:
            _refuse_a_launcher_without_a_group()
        ranks = world.get_world_size() if world is not None else 1
    checks.integer("ranks", ranks, 1, checks.LARGEST_RANKS)
    same = world is not None and world.get_world_size() == ranks
    if rank is None:
        if ranks > 1 and not same:
            raise ArgumentError("rank", f"should be given: {ranks} ranks report, and which one this is cannot be seen.")
        rank = world.get_rank() if world is not None and ranks > 1 else 0
    checks.integer("rank", rank, 0, ranks - 1)
    if agree is None or agree is True:
        if agree is True and not same:
            raise ArgumentError("agree", f"needs torch.distributed to be initialised with the {ranks} ranks; or give an Agreement.")
        agreement: Optional[Agreement] = TorchAgreement() if same and ranks > 1 else None
    else:
        agreement = agree or None
    if agreement is not None and not callable(getattr(agreement, "share", None)):
        raise ArgumentError("agree", f"should be an Agreement, True, False or None, got {checks.show(agree)}.")
    return Ranks(ranks, rank, agreement)


def _world() -> Any:
    """`torch.distributed` where it is in use already. Nothing is imported for it."""
    distributed: Any = sys.modules.get("torch.distributed")
    return distributed if distributed is not None and distributed.is_available() and distributed.is_initialized() else None


def _refuse_a_launcher_without_a_group() -> None:
    """Every process of a launcher would take itself for the only one, and report under the same rank."""
    size = os.environ.get("WORLD_SIZE", "")
    if "RANK" in os.environ and size.isdigit() and int(size) > 1:
        raise ArgumentError(
            "ranks",
            f"cannot be seen: a launcher began {size} processes, but torch.distributed is not initialised. "
            "Initialise it before, or give `ranks` and `rank` (ranks=1 where this process alone reports).",
        )
