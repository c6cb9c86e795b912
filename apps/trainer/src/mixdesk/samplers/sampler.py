"""Indices for map-style datasets, domain by domain as the mixture says."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import Any, Dict, Generic, Iterable, Iterator, List, Mapping, Optional, Tuple, TypeVar, Union, overload

from .._checks import integer, show
from .._errors import ArgumentError
from ._mix import Mix, MixtureSource, by_domain
from ._random import at, key
from .permutation import Permutation

T = TypeVar("T")
Item = TypeVar("Item", int, List[int])
_SHUFFLE, _ROTATION = 2, 3
FORMAT = 1


class MixtureSampler(Generic[Item]):
    """Draws from several map-style datasets that are concatenated: which domain by the mixture in force, which sample
    by a shuffle of that domain.

        dataset = ConcatDataset([web, code])                            # in the order of the run's domains
        sampler = MixtureSampler(run, dataset, batch_size=32, seed=1)
        loader = DataLoader(dataset, batch_sampler=sampler, num_workers=4)
        for step, batch in enumerate(sampler.track(loader)):            # counts what was consumed
            run.boundary(step)
            ...
            run.log_losses(step, loss_sum, tokens, mixture_version=sampler.version)
            torch.save({"sampler": sampler.state_dict(), ...})          # what was drawn ahead comes again

    Yields indices, for `sampler=`, or with `batch_size` lists of them, for `batch_sampler=`. Needs no torch.

    * **A new mixture** is read before each batch is drawn. Nothing is rebuilt or reloaded. With workers, batches drawn
      ahead keep the mixture they were drawn under; `version_of` and `version` say which.
    * **Within a domain** every sample comes once before any comes again; each pass has a new shuffle. A small domain with
      much weight goes through many passes: `epochs` counts them.
    * **Several ranks**, each with its `rank`, the same seed, sizes and batch size, draw disjoint parts of one order: together
      they follow the mixture as one rank would. Each computes the whole order, about a microsecond a sample, and takes
      its own part, by turns. All ranks must see a new mixture before the same batch; `Run.boundary` sees to that, given
      that all ranks draw equally far ahead.
    * **The state** is exact, small (a few numbers a domain) and the same on all ranks. It may be loaded with another number
      of ranks or another batch size: the order goes on where it stood, only cut into other parts.

    Arguments:
        source: a run, or anything with a `mixture` (`domains`, `weights`, `version`).
        datasets: `{domain: dataset or number of samples}` in the order of concatenation, a `ConcatDataset` or a list in the
            order of the mixture's domains.
        schedule: `stride` (deterministic, shares within one sample, see `mixdesk.samplers.stride`) or `multinomial`.
        seed: of the shuffles and of `multinomial`.
        batch_size: samples a batch on this rank; without it, single indices come.
        shuffle: without it, each domain is gone through in order.
        epochs: without it the sampler never ends. Otherwise one iteration draws as many samples as `epochs` passes
            over all datasets together would, in full batches; the next iteration goes on from there.
    """

    @overload
    def __init__(
        self: MixtureSampler[int],
        source: MixtureSource,
        datasets: object,
        *,
        schedule: str = ...,
        seed: int = ...,
        batch_size: None = ...,
        rank: int = ...,
        ranks: int = ...,
        shuffle: bool = ...,
        epochs: Optional[int] = ...,
    ) -> None: ...

    @overload
    def __init__(
        self: MixtureSampler[List[int]],
        source: MixtureSource,
        datasets: object,
        *,
        schedule: str = ...,
        seed: int = ...,
        batch_size: int,
        rank: int = ...,
        ranks: int = ...,
        shuffle: bool = ...,
        epochs: Optional[int] = ...,
    ) -> None: ...

    def __init__(
        self,
        source: MixtureSource,
        datasets: object,
        *,
        schedule: str = "stride",
        seed: int = 0,
        batch_size: Optional[int] = None,
        rank: int = 0,
        ranks: int = 1,
        shuffle: bool = True,
        epochs: Optional[int] = None,
    ) -> None:
        self._mix = Mix(source, schedule, seed)
        given = by_domain("datasets", datasets, self._mix.domains)
        self.batch_size = None if batch_size is None else integer("batch_size", batch_size, 1)
        self._ranks = integer("ranks", ranks, 1)
        self._rank = integer("rank", rank, 0, self._ranks - 1)
        self._shuffle = bool(shuffle)
        sizes = {name: _size(name, entry) for name, entry in given.items()}
        offsets = dict(zip(sizes, accumulate(sizes.values(), initial=0)))
        self._sizes = [sizes[name] for name in self._mix.domains]
        self._offsets = [offsets[name] for name in self._mix.domains]
        self._starts = [(offsets[name], self._mix.domains.index(name)) for name in sizes if sizes[name]]
        for domain, size in enumerate(self._sizes):
            if size == 0:
                if self._mix.weights[domain] > 0:
                    raise ArgumentError("datasets", f"has no samples of {show(self._mix.domains[domain])}, which has weight.")
                self._mix.close(domain)
        # A round is what all ranks draw for one batch; a rank's part of it is one chunk.
        self._chunk = self.batch_size or 1
        self._round = self._ranks * self._chunk
        self._rounds: Optional[int] = None
        if epochs is not None:
            self._rounds = integer("epochs", epochs, 1) * sum(self._sizes) // self._round
            if self._rounds == 0:
                raise ArgumentError("batch_size", f"is {self._chunk} on {self._ranks} ranks, more than the {sum(self._sizes)} samples there are.")
        self._drawn = [0] * len(self._sizes)
        self._batches = 0
        self._origin = (0, 0)
        self._pass = 0
        self._consumed: Optional[int] = None
        self._turn = 0
        self._begin()

    def _begin(self) -> None:
        self._rotation = key(self._mix.seed, _ROTATION)
        self._orders: Dict[int, Tuple[int, Permutation]] = {}

    # ---- what is known ----

    @property
    def domains(self) -> Tuple[str, ...]:
        """In the order of the mixture."""
        return self._mix.domains

    @property
    def batches(self) -> int:
        """Batches drawn on this rank so far, those of before a restore included (single indices, without `batch_size`)."""
        return self._batches

    @property
    def counts(self) -> Dict[str, int]:
        """Samples drawn so far by domain, on all ranks together."""
        return dict(zip(self._mix.domains, self._drawn))

    @property
    def epochs(self) -> Dict[str, int]:
        """Passes completed over each domain, on all ranks together."""
        return {name: count // size if size else 0 for name, count, size in zip(self._mix.domains, self._drawn, self._sizes)}

    @property
    def version(self) -> int:
        """The version of the mixture under which the newest batch was drawn: the newest consumed, if `track` is used."""
        newest = self._batches if self._consumed is None else self._consumed
        found = self._mix.version_of(self._draw_of(newest) - 1)
        return self._mix.version if found is None else found

    def version_of(self, batch: int) -> int:
        """The version of the mixture under which batch number `batch` (from 0, over the sampler's life) was drawn.

        Asked for a batch that was not drawn, not since the restore, or too long ago, raises `ArgumentError`.
        """
        found = self._mix.version_of(self._draw_of(integer("batch", batch)))
        if found is None:
            raise ArgumentError("batch", f"is {batch}; {self._batches} were drawn, and the last of them are remembered.")
        return found

    def domain_of(self, index: int) -> int:
        """Which domain an index of the concatenated datasets belongs to, as an index into `domains`."""
        if not 0 <= index < sum(self._sizes):
            raise ArgumentError("index", f"should be from 0 to {sum(self._sizes) - 1}, got {show(index)}.")
        return self._starts[bisect_right(self._starts, (index, len(self._sizes))) - 1][1]

    def __len__(self) -> int:
        """Batches (or indices) in one iteration on this rank; a `TypeError` where it never ends."""
        if self._rounds is None:
            raise TypeError("this sampler never ends; give `epochs` for one that does")
        return self._rounds

    # ---- drawing ----

    def __iter__(self) -> Iterator[Item]:
        """Goes on where the last iteration stood; with `track`, where its last consumed batch was. An iterator made before stops."""
        if self._consumed is not None and self._consumed < self._batches:
            self.load_state_dict(self.state_dict())
        self._pass = self._pass_at(self._mix.draws)
        self._turn += 1
        return self._iterate(self._turn)

    def _iterate(self, turn: int) -> Iterator[Any]:
        while turn == self._turn and (self._rounds is None or self._mix.draws + self._round <= self._pass + self._rounds * self._round):
            own = self._next()
            yield own if self.batch_size is not None else own[0]

    def _next(self) -> List[int]:
        mix, drawn, chunk = self._mix, self._drawn, self._chunk
        mix.follow()
        first = 0
        if self._ranks > 1:
            # Ranks change places at random: a rank that always took, say, every second sample could get one domain only.
            first = (self._rank + at(self._rotation, mix.draws)) % self._ranks * chunk
        own = []
        for place, domain in enumerate(mix.draw(self._round)):
            number = drawn[domain]
            drawn[domain] = number + 1
            if first <= place < first + chunk:
                own.append(self._index(domain, number))
        self._batches += 1
        return own

    def _index(self, domain: int, number: int) -> int:
        epoch, position = divmod(number, self._sizes[domain])
        if not self._shuffle:
            return self._offsets[domain] + position
        known = self._orders.get(domain)
        if known is None or known[0] != epoch:
            known = (epoch, Permutation(self._sizes[domain], key(self._mix.seed, _SHUFFLE, domain, epoch)))
            self._orders[domain] = known
        return self._offsets[domain] + known[1][position]

    def track(self, loader: Iterable[T]) -> Iterator[T]:
        """Iterates a `DataLoader` that draws from this sampler, and counts the batches that it hands out.

        Workers draw ahead; from now on the state is that of the batches handed out, and an iteration that was left in the
        middle (`break`) loses nothing: the next one begins with the first batch that was not handed out.
        """
        size = 1
        if self.batch_size is None:
            size = getattr(loader, "batch_size", None) or 0
            if size < 1:
                raise ArgumentError("loader", "should have a `batch_size`; or give the sampler one and use it as batch_sampler.")
        if self._consumed is None:
            self._consumed = self._batches
        return self._tracked(loader, size)

    def _tracked(self, loader: Iterable[T], size: int) -> Iterator[T]:
        for batch in loader:
            assert self._consumed is not None
            self._consumed = min(self._consumed + size, self._batches)
            self._mix.forget(self._draw_of(self._consumed) - 1)
            yield batch
        self._consumed = self._batches

    # ---- state ----

    def _draw_of(self, batch: int) -> int:
        return self._origin[1] + (batch - self._origin[0]) * self._round

    def _pass_at(self, draw: int) -> int:
        """Where the iteration that draw number `draw` belongs to began."""
        if self._rounds is None:
            return 0
        length = self._rounds * self._round
        begun = self._pass
        while draw < begun:
            begun -= length
        return max(0, begun) if draw + self._round <= begun + length else draw

    def state_dict(self, consumed: Optional[int] = None) -> Dict[str, Any]:
        """Everything that the coming batches depend on, as plain JSON.

        `consumed` is how many batches (indices, without `batch_size`) the training loop has had, in all, counted as `batches`
        is. Left out, it is what `track` counted; without `track`, all that were drawn: right only where nothing draws ahead.
        """
        newest = self._batches if self._consumed is None else self._consumed
        batch = newest if consumed is None else integer("consumed", consumed, self._origin[0], self._batches)
        draw = self._draw_of(batch)
        drawn = list(self._drawn)
        for domain in self._mix.drawn_since(draw):
            drawn[domain] -= 1
        return {
            "format": FORMAT,
            "sizes": list(self._sizes),
            "shuffle": self._shuffle,
            "batches": batch,
            "pass": self._pass_at(draw),
            "drawn": drawn,
            "mix": self._mix.state_dict(draw),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state: the same batches come as would have come there. The state's seed and shuffle count, not the arguments'.

        A state of other domains, sizes or schedule raises `ArgumentError`, and nothing is changed.
        """
        if not isinstance(state, Mapping) or state.get("format") != FORMAT:
            raise ArgumentError("state", f"should be what `state_dict` gave (format {FORMAT}), got {show(state)}.")
        if list(state["sizes"]) != self._sizes:
            raise ArgumentError("state", f"is of datasets of sizes {show(state['sizes'])}, not of {show(self._sizes)}.")
        drawn = [integer("state", count) for count in state["drawn"]]
        if len(drawn) != len(self._sizes) or sum(drawn) != state["mix"]["draws"]:
            raise ArgumentError("state", f"holds {sum(drawn)} samples drawn from domains, but {state['mix']['draws']} draws; it is damaged.")
        self._mix.load(state["mix"])
        self._shuffle = bool(state["shuffle"])
        self._drawn = drawn
        self._batches = integer("state", state["batches"])
        self._origin = (self._batches, self._mix.draws)
        self._pass = integer("state", state["pass"])
        if self._consumed is not None:
            self._consumed = self._batches
        self._turn += 1
        self._begin()


def _size(domain: str, entry: Union[int, object]) -> int:
    try:
        return integer("datasets", entry if isinstance(entry, int) else len(entry))  # type: ignore[arg-type]
    except TypeError:
        raise ArgumentError("datasets", f"should give a dataset with a length, or a number, for {show(domain)}, got {show(entry)}.") from None
