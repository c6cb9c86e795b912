"""Samples from several domains by the mixture: what `interleave` and `Loader` have in common."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple, Union

from .._checks import integer, show
from .._errors import ArgumentError
from ._feeds import ENDS, Ended, IndexFeed, StreamFeed
from ._mix import Mix, MixtureSource, by_domain
from ._random import at, key

_ROTATION = 3


class Over(Exception):
    """There is no further sample."""


class Pool:
    """One feed a domain, and the mix that chooses among them."""

    def __init__(
        self,
        source: MixtureSource,
        sources: object,
        argument: str,
        *,
        schedule: str,
        seed: int,
        shuffle: bool,
        exhausted: str,
        rank: int,
        ranks: int,
        mapped: bool,
    ) -> None:
        if exhausted not in ENDS:
            raise ArgumentError("exhausted", f"should be one of {', '.join(ENDS)}, got {show(exhausted)}.")
        self.mix = Mix(source, schedule, seed)
        self._ranks = integer("ranks", ranks, 1)
        self._rank = integer("rank", rank, 0, self._ranks - 1)
        self._exhausted = exhausted
        self._feeds: List[Union[IndexFeed, StreamFeed]] = []
        given = by_domain(argument, sources, self.mix.domains)
        for domain, name in enumerate(self.mix.domains):
            entry = given[name]
            if mapped and hasattr(entry, "__getitem__") and hasattr(entry, "__len__") and not isinstance(entry, (str, bytes, Mapping)):
                self._feeds.append(IndexFeed(entry, domain, seed, shuffle, exhausted == "repeat"))
            elif isinstance(entry, (str, bytes)) or not (hasattr(entry, "__iter__") or callable(entry)):
                kinds = (
                    "a dataset with a length, an iterable, or a function that makes one" if mapped else "an iterable, or a function that makes one"
                )
                raise ArgumentError(argument, f"should have {kinds} for {show(name)}, got {show(entry)}.")
            else:
                self._feeds.append(StreamFeed(entry, exhausted == "repeat"))
        if exhausted == "drop" and self._ranks > 1 and any(isinstance(feed, StreamFeed) for feed in self._feeds):
            raise ArgumentError("exhausted", "can't be `drop` for iterables on several ranks: one rank's would end before the others'.")
        for domain, feed in enumerate(self._feeds):
            if feed.empty:
                if self.mix.weights[domain] > 0:
                    raise ArgumentError(argument, f"has no samples of {show(self.mix.domains[domain])}, which has weight.")
                self.mix.close(domain)
        self._over = False
        self._rotation = key(self.mix.seed, _ROTATION)

    @property
    def passes(self) -> Dict[str, int]:
        """Passes completed over each domain."""
        return {name: feed.passes for name, feed in zip(self.mix.domains, self._feeds)}

    @property
    def dropped(self) -> Tuple[str, ...]:
        """Domains that are out of samples; their weight went to the others."""
        return tuple(self.mix.domains[domain] for domain in self.mix.closed)

    def follow(self) -> None:
        """Takes the mixture in force: before a batch."""
        if not self._over:
            self.mix.follow()

    def take(self, count: int) -> Tuple[List[int], List[Any]]:
        """The next `count` samples of this rank, with their domains. Raises `Over`."""
        if self._over:
            raise Over
        domains: List[int] = []
        samples: List[Any] = []
        first = 0
        if self._ranks > 1:
            first = (self._rank + at(self._rotation, self.mix.draws)) % self._ranks * count
        for place in range(self._ranks * count):
            own = first <= place < first + count
            domain, sample = self._one(own)
            if own:
                domains.append(domain)
                samples.append(sample)
        return domains, samples

    def _one(self, own: bool) -> Tuple[int, Any]:
        while True:
            domain = self.mix.draw(1)[0]
            feed = self._feeds[domain]
            try:
                return domain, feed.take() if own else feed.skip()
            except Ended as end:
                self.mix.take_back()
                self._end(domain, end)

    def _end(self, domain: int, end: Ended) -> None:
        name = self.mix.domains[domain]
        if self._exhausted == "stop":
            self._over = True
            raise Over
        # A domain that should repeat and can't is left out: training goes on, and the log says so.
        self.mix.close(domain)
        because = f" ({end.because})" if end.because else ""
        self.mix.warn(f"dropped {name}", f"domain {name} has no more samples{because}; its weight goes to the others")
        if not self.mix.open:
            self._over = True
            raise Over

    def state_dict(self) -> Dict[str, Any]:
        return {"mix": self.mix.state_dict(), "feeds": [feed.state_dict() for feed in self._feeds], "over": self._over}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        feeds = state.get("feeds")
        if not isinstance(feeds, (list, tuple)) or len(feeds) != len(self._feeds):
            raise ArgumentError("state", f"should hold the states of {len(self._feeds)} domains.")
        for feed, entry in zip(self._feeds, feeds):
            feed.check(entry)
        self.mix.load(state["mix"])
        for feed, entry in zip(self._feeds, feeds):
            feed.load_state_dict(entry, self.mix.seed)
        self._over = bool(state["over"])
        self._rotation = key(self.mix.seed, _ROTATION)
