"""MosaicML Streaming: proportions of the streams set anew for each epoch, from a run's mixture.

    epochs = EpochMixture(run, loader)             # streams in the order of the run's domains
    for epoch in range(many):
        epochs.at_epoch(step)
        for batch in loader: ...

`StreamingDataset` draws the whole order of an epoch when the epoch begins. So a mixture can come in there and nowhere
else, and the practical answer is small epochs: `epoch_size=` a few dozen steps.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Protocol, Sequence, Tuple

from .. import _checks as checks
from .._errors import ArgumentError
from .._values import Mixture
from ..samplers._mix import Mix
from ..samplers._units import UNIT, units
from ._missing import missing
from ._steps import Follows

try:
    from streaming import StreamingDataset
except ImportError as error:
    raise missing("streaming", "mosaicml-streaming>=0.13") from error

__all__ = ["EpochMixture"]


class Refuses(Follows, Protocol):
    """A run: it also hears of mixtures that cannot be used."""

    def refuse(self, version: int, because: str) -> None: ...


class EpochMixture:
    """Sets the proportions of a `StreamingDataset` from a run's mixture, at the start of each epoch.

    `data` is the dataset or its data loader. `domains` names its streams in their order; the run's domains in theirs
    when left out. The size of the epoch stays what the dataset was made with (`epoch_size=`).

    Counts, not only proportions, are set: samples are apportioned so that each stream's total over all epochs stays within
    one sample or so of the sum of what the mixtures asked for. Every rank must call `at_epoch` before the same epochs, under the
    same mixture; of the ranks on one machine, the first one's counts are used.
    """

    def __init__(self, run: Refuses, data: Any, domains: Optional[Sequence[str]] = None) -> None:
        dataset = getattr(data, "dataset", data)
        if not isinstance(dataset, StreamingDataset):
            raise ArgumentError("data", f"should be a StreamingDataset or a data loader of one, got {checks.show(data)}.")
        if getattr(data, "persistent_workers", False):
            raise ArgumentError("data", "has persistent workers, which keep the proportions they began with; use persistent_workers=False.")
        self._mix = Mix(run, "stride", 0)
        names = list(self._mix.domains if domains is None else domains)
        if len(names) != dataset.num_streams or set(names) != set(self._mix.domains):
            wanted = checks.show(list(self._mix.domains))
            raise ArgumentError("domains", f"should name the {dataset.num_streams} streams, as the run does ({wanted}), got {checks.show(names)}.")
        self._run = run
        self._dataset: Any = dataset
        self._order = [self._mix.domains.index(name) for name in names]
        self._lags = [0] * len(names)
        self._weights: Optional[Tuple[float, ...]] = None
        self._counts: Optional[List[int]] = None
        self._resumed = False

    def at_epoch(self, step: int) -> Mixture:
        """Call it before an epoch's iterator is made, with the step that the epoch begins with: takes and confirms
        the newest mixture, and apportions the epoch by it. Returns the mixture in force.

        A mixture that the dataset's `batching_method` can't serve is refused, with the reason, and the weights stay as
        they were. After `load_state_dict` the first call changes nothing: the epoch that was begun goes on as it was begun.
        """
        if self._resumed:
            self._resumed = False
            return self._run.mixture
        mixture = self._run.boundary(step)
        counts, lags = self._apportion(self._sampled())
        because = self._unusable(counts)
        if because is not None and mixture.version > 0:
            self._run.refuse(mixture.version, because)
            mixture = self._run.mixture
            counts, lags = self._apportion(self._weights or self._sampled())
        else:
            self._weights = self._sampled()
        self._counts, self._lags = counts, lags
        self._set(counts)
        return mixture

    @property
    def counts(self) -> Optional[List[int]]:
        """Samples of each stream in the epoch that `at_epoch` prepared."""
        return None if self._counts is None else list(self._counts)

    def _sampled(self) -> Tuple[float, ...]:
        """The weights to sample by: a mixture of loss multipliers leaves them as they were."""
        self._mix.follow()
        return self._mix.weights

    def _apportion(self, weights: Sequence[float]) -> Tuple[List[int], List[int]]:
        """Counts by largest remainder, with what earlier epochs gave too much or too little carried over. In whole
        numbers, so that all ranks and all machines come to the same."""
        size = int(self._dataset.epoch_size)
        shares = units([weights[i] for i in self._order])
        owed = [share * size + lag for share, lag in zip(shares, self._lags)]
        counts = [max(0, due // UNIT) if share else 0 for due, share in zip(owed, shares)]
        left = size - sum(counts)
        # A stream that is due the most takes the next sample, the one that has the most too much gives one back.
        weighted = [i for i, share in enumerate(shares) if share]
        while left:
            one = 1 if left > 0 else -1
            able = weighted if one > 0 else [i for i in weighted if counts[i]]
            chosen = max(able, key=lambda i: (one * (owed[i] - counts[i] * UNIT), -i))
            counts[chosen] += one
            left -= one
        return counts, [due - count * UNIT for due, count in zip(owed, counts)]

    def _unusable(self, counts: Sequence[int]) -> Optional[str]:
        """Why the dataset could not make an epoch of these counts: two of its batching methods fail on scarce streams."""
        method = self._dataset.batching_method
        batch = int(self._dataset.batch_size or 1) * int(self._dataset._parallel_rank_world.num_ranks)
        least = {"stratified": sum(counts) / batch, "per_stream": float(batch), "device_per_stream": float(batch)}.get(method, 0.0)
        scarce = [i for i, count in enumerate(counts) if count < least]
        if not scarce:
            return None
        return (
            f"the batching method {method} of MosaicML Streaming needs {least:g} samples or more of each stream in an epoch of {sum(counts)}; "
            f"stream {scarce[0]} would have {counts[scarce[0]]} (batching_method='random' needs none)"
        )

    def _set(self, counts: Sequence[int]) -> None:
        total = sum(counts)
        for stream, count, samples in zip(self._dataset.streams, counts, self._dataset.samples_per_stream):
            stream.choose = count
            stream.proportion = count / total
            stream.repeat = count / int(samples)

    # ---- state ----

    def state_dict(self) -> Dict[str, Any]:
        """The counts of the epoch in progress, which the library's own state lacks, and what is carried over. Plain values."""
        return {"counts": self.counts, "lags": list(self._lags), "weights": self._weights and list(self._weights), "mix": self._mix.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on in the middle of an epoch. Load the data loader's own state beside it, in any order, before iterating."""
        counts, lags = state["counts"], [checks.integer("state", lag, -(1 << 62), 1 << 62) for lag in state["lags"]]
        if len(lags) != len(self._lags) or (counts is not None and sum(counts) != int(self._dataset.epoch_size)):
            raise ArgumentError("state", "is about other streams, or another epoch size, than the dataset's.")
        self._mix.load(state["mix"])
        self._lags = lags
        self._weights = None if state["weights"] is None else tuple(state["weights"])
        self._counts = None if counts is None else [checks.integer("state", count) for count in counts]
        self._resumed = self._counts is not None
        if self._counts is not None:
            self._set(self._counts)
