"""The samples of one domain, one after the other, with exact state: by index, or from an iterable."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, Mapping, Optional, Tuple

from .._checks import integer, show
from .._errors import ArgumentError
from ._random import key
from .permutation import Permutation

ENDS = ("repeat", "stop", "drop")
_SHUFFLE = 2


class Ended(Exception):
    """A domain has no further sample. `because` says why, where that would surprise."""

    def __init__(self, because: Optional[str] = None) -> None:
        super().__init__(because)
        self.because = because


class IndexFeed:
    """A map-style dataset in a shuffled order, a new one in each pass. Skipping is free."""

    def __init__(self, dataset: Any, domain: int, seed: int, shuffle: bool, repeat: bool) -> None:
        self._dataset = dataset
        self._size = len(dataset)
        self._domain = domain
        self._seed = seed
        self._shuffle = shuffle
        self._repeat = repeat
        self._order: Optional[Tuple[int, Permutation]] = None
        self.taken = 0

    @property
    def empty(self) -> bool:
        return self._size == 0

    @property
    def passes(self) -> int:
        """Passes completed."""
        return self.taken // self._size if self._size else 0

    def skip(self) -> None:
        """Another rank takes the next sample."""
        if self._size == 0 or (not self._repeat and self.taken >= self._size):
            raise Ended
        self.taken += 1

    def take(self) -> Any:
        self.skip()
        epoch, position = divmod(self.taken - 1, self._size)
        if self._shuffle:
            if self._order is None or self._order[0] != epoch:
                self._order = (epoch, Permutation(self._size, key(self._seed, _SHUFFLE, self._domain, epoch)))
            position = self._order[1][position]
        return self._dataset[position]

    def state_dict(self) -> Dict[str, Any]:
        return {"size": self._size, "taken": self.taken, "shuffle": self._shuffle}

    def check(self, state: Mapping[str, Any]) -> None:
        if state.get("size") != self._size:
            raise ArgumentError("state", f"is of a dataset of {show(state.get('size'))} samples, not of {self._size}.")
        integer("state", state.get("taken"))

    def load_state_dict(self, state: Mapping[str, Any], seed: int) -> None:
        self.taken, self._shuffle, self._seed, self._order = state["taken"], state["shuffle"], seed, None


class StreamFeed:
    """An iterable, or a function that makes one. Where it (or its iterator) has `state_dict` and `load_state_dict`, they
    are used; otherwise the samples taken in this pass are counted, and skipped after a restore."""

    empty = False

    def __init__(self, source: Any, repeat: bool) -> None:
        self._make: Callable[[], Iterable[Any]] = (lambda: source) if hasattr(source, "__iter__") else source
        self._repeat = repeat
        self._iterable: Optional[Iterable[Any]] = None
        self._iterator: Optional[Iterator[Any]] = None
        self._restored: Optional[Mapping[str, Any]] = None
        self.passes = 0
        self.taken = 0

    def skip(self) -> None:
        """Another rank's sample: its own stream gives it."""

    def take(self) -> Any:
        if self._iterator is None:
            self._start()
        assert self._iterator is not None
        try:
            sample = next(self._iterator)
        except StopIteration:
            sample = self._again()
        self.taken += 1
        return sample

    def _again(self) -> Any:
        self.passes += 1
        before, self._iterator, self.taken = self._iterator, None, 0
        if not self._repeat:
            raise Ended
        self._iterable = self._make()
        self._iterator = iter(self._iterable)
        if self._iterator is before:
            raise Ended("it is an iterator, which can be gone through only once; pass a function that makes one")
        try:
            return next(self._iterator)
        except StopIteration:
            raise Ended("it gave no samples in a whole pass") from None

    def _start(self) -> None:
        self._iterable = self._make()
        restored, self._restored = self._restored, None
        inner = None if restored is None else restored["inner"]
        loaded = False
        if inner is not None and restored is not None and restored["of"] == "iterable":
            _loads(self._iterable)(inner)
            loaded = True
        self._iterator = iter(self._iterable)
        if inner is not None and not loaded:
            _loads(self._iterator)(inner)
            loaded = True
        if not loaded:
            for _ in range(self.taken):
                if next(self._iterator, _NONE) is _NONE:
                    raise Ended("it has fewer samples than before the restore")

    def state_dict(self) -> Dict[str, Any]:
        if self._restored is not None:
            return dict(self._restored)
        inner, of = None, None
        if self._iterator is not None and _has_state(self._iterator):
            inner, of = self._iterator.state_dict(), "iterator"  # type: ignore[attr-defined]
        elif self._iterator is not None and _has_state(self._iterable):
            inner, of = self._iterable.state_dict(), "iterable"  # type: ignore[union-attr]
        return {"passes": self.passes, "taken": self.taken, "inner": inner, "of": of}

    def check(self, state: Mapping[str, Any]) -> None:
        integer("state", state.get("taken"))
        integer("state", state.get("passes"))

    def load_state_dict(self, state: Mapping[str, Any], seed: int) -> None:
        self.taken, self.passes = state["taken"], state["passes"]
        self._iterable = self._iterator = None
        self._restored = dict(state)


_NONE = object()


def _has_state(thing: object) -> bool:
    return hasattr(thing, "state_dict") and hasattr(thing, "load_state_dict")


def _loads(thing: Any) -> Callable[[Any], None]:
    if not _has_state(thing):
        raise ArgumentError("state", f"holds a state of its own for {show(thing)}, which has no `load_state_dict`.")
    loads: Callable[[Any], None] = thing.load_state_dict
    return loads
