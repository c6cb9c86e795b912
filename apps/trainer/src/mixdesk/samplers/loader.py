"""Batches for a training loop, step by step, under the run's mixture."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from .._checks import integer, show
from .._errors import ArgumentError
from ._mix import MixtureSource
from ._pool import Over, Pool

FORMAT = 1
_LONGEST_MEMORY = 65_536


class Batch(NamedTuple):
    """One batch of this rank."""

    step: int
    samples: Any
    """A list, or what `collate` made of it."""
    domains: List[int]
    """Where each sample came from, as indices into the run's domains."""
    mixture_version: int
    """The version of the mixture it was drawn under."""


class Loader:
    """Iterates batches and takes the run's newest mixture before each.

        for batch in Loader(run, {"web": web, "code": code}, batch_size=32, steps=1000):
            loss = train(batch.samples)
            run.log(batch.step, losses=..., tokens=...)

    Made by `run.loader(sources, batch_size=...)`, which also puts its state into the run's.

    Samples are read in this process, as they are needed: nothing is drawn ahead, so a new mixture counts from the very next
    batch and the state needs no bookkeeping. Where reading is slow, use `MixtureSampler` with a `DataLoader` and workers.

    Arguments:
        run: a run. Anything with a `mixture` does; `boundary(step)` is called and `should_stop` read where it has them.
        sources: `{domain: samples}` or a list in the order of domains. Samples are a map-style dataset (`len` and indices;
            shuffled anew in each pass, shared out among ranks), or an iterable or a function that makes one (in
            order; on several ranks each gives its own rank's samples).
        batch_size: samples a batch on this rank.
        collate: makes `Batch.samples` of the list of samples.
        schedule: `stride` or `multinomial`.
        seed: of the shuffles and of `multinomial`; the same on all ranks.
        steps: the loader ends before this step; without it, with the run (`should_stop`) or its data.
        shuffle: whether map-style datasets are shuffled.
        exhausted: `repeat`, `stop` or `drop`, as in `interleave`, for map-style datasets too. A batch that can't be
            filled is not given out.
        rank, ranks: this process among those that train together; the run's, when left out.
    """

    def __init__(
        self,
        run: MixtureSource,
        sources: object,
        batch_size: int,
        collate: Optional[Callable[[List[Any]], Any]] = None,
        *,
        schedule: str = "stride",
        seed: int = 0,
        steps: Optional[int] = None,
        shuffle: bool = True,
        exhausted: str = "repeat",
        rank: Optional[int] = None,
        ranks: Optional[int] = None,
    ) -> None:
        if collate is not None and not callable(collate):
            raise ArgumentError("collate", f"should be a function of a list of samples, got {show(collate)}.")
        self._run = run
        self._batch_size = integer("batch_size", batch_size, 1)
        self._steps = None if steps is None else integer("steps", steps)
        self._collate = collate
        self._pool = Pool(
            run,
            sources,
            "sources",
            schedule=schedule,
            seed=seed,
            shuffle=bool(shuffle),
            exhausted=exhausted,
            rank=getattr(run, "rank", 0) if rank is None else rank,
            ranks=getattr(run, "ranks", 1) if ranks is None else ranks,
            mapped=True,
        )
        self._step = 0
        self._versions: List[Tuple[int, int]] = []

    @property
    def domains(self) -> Tuple[str, ...]:
        """The run's domains, in order."""
        return self._pool.mix.domains

    @property
    def step(self) -> int:
        """The step of the next batch."""
        return self._step

    @property
    def epochs(self) -> Dict[str, int]:
        """Passes completed over each domain: of map-style datasets by all ranks together, of iterables on this rank."""
        return self._pool.passes

    @property
    def dropped(self) -> Tuple[str, ...]:
        """Domains that ran out; their weight went to the others."""
        return self._pool.dropped

    def version_at(self, step: int) -> Optional[int]:
        """The version of the mixture that the batch of this step was drawn under; `None` where it was not drawn here."""
        found = bisect_right(self._versions, (step, 1 << 62)) - 1
        return self._versions[found][1] if found >= 0 and step < self._step else None

    def __iter__(self) -> Iterator[Batch]:
        """Goes on with the next step; leaving the loop loses nothing."""
        return self._batches()

    def _batches(self) -> Iterator[Batch]:
        boundary = getattr(self._run, "boundary", None)
        while self._steps is None or self._step < self._steps:
            step = self._step
            if boundary is not None:
                boundary(step)
            if getattr(self._run, "should_stop", False):
                return
            self._pool.follow()
            try:
                domains, samples = self._pool.take(self._batch_size)
            except Over:
                return
            mix = self._pool.mix
            mix.forget(mix.draws)
            if not self._versions or self._versions[-1][1] != mix.version:
                self._versions.append((step, mix.version))
                del self._versions[:-_LONGEST_MEMORY]
            self._step = step + 1
            yield Batch(step, samples if self._collate is None else self._collate(samples), domains, mix.version)

    def state_dict(self) -> Dict[str, Any]:
        """Everything that the coming batches depend on. Asked for inside the loop, the batch at hand counts as done."""
        return {"format": FORMAT, "step": self._step, "pool": self._pool.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state. One of other domains, dataset sizes or schedule raises `ArgumentError`."""
        if not isinstance(state, Mapping) or state.get("format") != FORMAT:
            raise ArgumentError("state", f"should be what `state_dict` gave (format {FORMAT}), got {show(state)}.")
        step = integer("state", state.get("step"))
        self._pool.load_state_dict(state["pool"])
        self._step = step
        self._versions = []
