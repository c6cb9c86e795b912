"""Hugging Face datasets: one iterable dataset over several, drawn by a run's mixture.

    rows = interleave(run, {"web": web, "code": code}, samples_per_step=64)
    for row in rows: ...        # a row of one of them, with the column `domain`

`datasets.interleave_datasets` takes its probabilities when it is made.
"""

from __future__ import annotations

from collections import OrderedDict
from copy import deepcopy
from typing import Any, Dict, Iterator, Mapping, Optional, Union

from .. import _checks as checks
from .._errors import ArgumentError, MixdeskError
from .._values import Mixture
from ..samplers._pool import Over, Pool
from ._missing import missing
from ._steps import Follows, Steps

try:
    from datasets import Dataset, IterableDataset
except ImportError as error:
    raise missing("datasets", "datasets>=3") from error

try:
    from torch.utils.data import IterableDataset as TorchDataset
    from torch.utils.data import get_worker_info
except ImportError:  # datasets works without torch, and so does this
    TorchDataset = object
    get_worker_info = None

__all__ = ["MixtureDataset", "interleave"]

Row = Dict[str, Any]

_EXHAUSTED = {"forever": "repeat", "first_exhausted": "stop", "all_exhausted_without_replacement": "drop"}

KEPT = 64
"""Steps whose state is kept. More than a data loader reads ahead."""


def interleave(
    run: Follows,
    datasets: Mapping[str, Union[Dataset, IterableDataset]],
    *,
    stopping_strategy: str = "forever",
    schedule: str = "stride",
    seed: int = 0,
    shuffle: bool = True,
    domain_column: Optional[str] = "domain",
    samples_per_step: Optional[int] = None,
    rank: Optional[int] = None,
    ranks: Optional[int] = None,
) -> MixtureDataset:
    """One dataset of the rows of several, drawn by the run's mixture, which may change while it is read.

    `datasets` has one for each of the run's domains, map-style or iterable (streaming). They belong to the result from
    then on: it moves their epochs. Those of map style are read in a new random order on each pass, unless
    `shuffle=False`; iterable ones in their own order (`.shuffle(...)` works, and costs exactness, see `state_dict`).

    `stopping_strategy` says what happens where a row is wanted of a dataset that has none left: `"forever"`: it begins
    again; `"first_exhausted"`: all ends; `"all_exhausted_without_replacement"`: its weight goes to the others, until all
    have ended. `datasets` looks ahead and stops right after the last row; this stops where the next one is wanted.

    `schedule` is `"stride"` (realised shares stay within a row or so of the weights) or `"multinomial"`, as in
    `mixdesk.samplers`. `domain_column` is added to each row: the index of its domain, as losses by domain need it;
    `None` adds none.

    With several `ranks` (the run's, when left out) each takes its part of one order: map-style data is shared out, and of
    iterable data each rank gives its own part (`datasets.distributed.split_dataset_by_node`). Say `rank=0, ranks=1` where
    something else deals one order of rows out to the ranks.

    The mixture changes when the run takes one (`run.boundary(step)`, in your loop), or, with `samples_per_step`, only
    where a step begins; see `MixtureDataset`.
    """
    if stopping_strategy not in _EXHAUSTED:
        raise ArgumentError("stopping_strategy", f"should be one of {', '.join(_EXHAUSTED)}, got {checks.show(stopping_strategy)}.")
    if len({id(dataset) for dataset in datasets.values()}) < len(datasets):
        raise ArgumentError("datasets", "holds one dataset under two names; each domain needs its own, for each has its own position.")
    sources: Dict[str, Any] = {}
    for name, dataset in datasets.items():
        if not isinstance(dataset, (Dataset, IterableDataset)):
            raise ArgumentError("datasets", f"should hold datasets of Hugging Face; {checks.show(name)} is {checks.show(dataset)}.")
        if domain_column is not None and domain_column in (dataset.column_names or ()):
            raise ArgumentError("domain_column", f"is {checks.show(domain_column)}, a column that the dataset of {checks.show(name)} has already.")
        sources[name] = dataset if isinstance(dataset, Dataset) else _Passes(dataset)
    pool = Pool(
        run,
        sources,
        "datasets",
        schedule=schedule,
        seed=seed,
        shuffle=shuffle,
        exhausted=_EXHAUSTED[stopping_strategy],
        rank=getattr(run, "rank", 0) if rank is None else rank,
        ranks=getattr(run, "ranks", 1) if ranks is None else ranks,
        mapped=True,
    )
    return MixtureDataset(pool, run, domain_column, samples_per_step)


class MixtureDataset(TorchDataset):
    """Rows of several datasets in the order that a run's mixture draws them. Made by `interleave`.

    It is a torch `IterableDataset` where torch is there: `DataLoader`, `StatefulDataLoader` and `Trainer` take it. An
    iterator goes on where the last one stopped; what has ended stays ended.

    It must be read in the process of the run (`num_workers=0`): the mixture doesn't reach a worker process.
    Tokenise before, or in the datasets themselves; for map-style data with workers see `mixdesk.samplers.MixtureSampler`.

    With `samples_per_step` (rows of this rank in one optimizer step: batch size times gradient accumulation) it calls
    `run.boundary(step)` itself, before the first row of each step, and keeps what `state_at(step)` needs. That is right
    however far a data loader reads ahead. Leave `boundary` out of the loop then.
    """

    def __init__(self, pool: Pool, run: Follows, domain_column: Optional[str], samples_per_step: Optional[int]) -> None:
        self._pool = pool
        self._steps = Steps(run, pool.mix, samples_per_step)
        self._column = domain_column
        self._kept: "OrderedDict[int, Dict[str, Any]]" = OrderedDict()

    @property
    def samples_per_step(self) -> Optional[int]:
        """How many rows make a step, where that was said. It can be said until the first row is read."""
        return self._steps.samples_per_step

    @samples_per_step.setter
    def samples_per_step(self, number: Optional[int]) -> None:
        self._steps.samples_per_step = number

    def begin_at(self, step: int) -> None:
        """Counts from this step on, before the first row is read: for training that goes on without a state."""
        self._steps.begin_at(step)

    def __iter__(self) -> Iterator[Row]:
        if get_worker_info is not None and get_worker_info() is not None:
            raise MixdeskError("A dataset that follows a run is to be read in the run's own process: use num_workers=0 (see docs/adapters.md).")
        return self._rows()

    def _rows(self) -> Iterator[Row]:
        while True:
            if self._steps.begins:
                self._keep()
            self._steps.before_draw()
            try:
                domains, rows = self._pool.take(1)
            except Over:
                return
            self._steps.took()
            row: Row = rows[0]
            yield row if self._column is None else {**row, self._column: domains[0]}

    # ---- which mixture ----

    def mixture_at(self, step: int) -> Mixture:
        """The mixture that was in force at the boundary of a step; the one in force now, where that isn't remembered."""
        begun = self._steps.begun(step)
        return self._steps.run.mixture if begun is None else begun.mixture

    def version_at(self, step: int) -> Optional[int]:
        """The version of the mixture that the rows of a step were drawn by, where that is remembered: for
        `run.log(step, ..., mixture_version=)`. It is the one in force at the step's boundary but for steps that were drawn
        ahead before a restart: those are drawn again as they were."""
        begun = self._steps.begun(step)
        return None if begun is None else begun.version

    # ---- state ----

    def state_dict(self) -> Dict[str, Any]:
        """Where the next row comes from, in plain values. Exact, for the rows and for their order, but for what `datasets`
        itself can't restore: rows in a shuffle buffer are lost (map-style data needs none), and batched maps in arrow
        format may skip a batch. The mixture in force is not part of it; it is in `run.state_dict()`."""
        return {"pool": self._pool.state_dict(), "steps": self._steps.state_dict()}

    def state_at(self, step: int) -> Dict[str, Any]:
        """The state before the first row of a step, whatever was read since. Of the last steps only: for a checkpoint
        between two steps while a data loader has read ahead. Whoever goes on from it gets the rows that were read ahead
        once more, the same ones."""
        if step in self._kept:
            state = self._kept[step]
            pool = state["pool"]
            return {**state, "pool": {**pool, "mix": self._steps.rewound(pool["mix"], step)}}
        if self._steps.begins and step == self._steps.step:
            return self.state_dict()
        known = f"those of the steps {min(self._kept)} to {max(self._kept)} are" if self._kept else "none is; it needs `samples_per_step`"
        raise ArgumentError("step", f"is {checks.show(step)}, whose state is not kept ({known}).")

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state with the next iterator. Raises `ArgumentError` for the state of other datasets."""
        self._pool.load_state_dict(state["pool"])
        self._steps.load_state_dict(state["steps"])
        self._kept.clear()

    def _keep(self) -> None:
        self._kept[self._steps.step] = self.state_dict()
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)


class _Passes:
    """An iterable dataset whose every iterator is the next pass, with the state that `datasets` keeps for it.

    A state that was loaded belongs to its epoch. `datasets` would go back to it with each new iterator; in the next
    epoch it begins at the beginning.
    """

    def __init__(self, dataset: IterableDataset) -> None:
        self._dataset: Any = dataset
        self._begun = False

    def __iter__(self) -> Iterator[Row]:
        if self._begun:
            self._dataset.set_epoch(self._dataset.epoch + 1)
        self._begun = True
        rows: Iterator[Row] = iter(self._dataset)
        return rows

    def state_dict(self) -> Dict[str, Any]:
        return {"epoch": self._dataset.epoch, "dataset": self._dataset.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._dataset.set_epoch(state["epoch"])
        self._dataset.load_state_dict(deepcopy(state["dataset"]))  # it may go on writing into what it is given
        self._begun = False
