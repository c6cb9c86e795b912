"""Streams, one a domain, interleaved as the mixture says."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

from .._checks import show
from .._errors import ArgumentError
from ._mix import MixtureSource
from ._pool import Over, Pool

FORMAT = 1


class Interleaved:
    """What `interleave` makes: one endless or ending stream. Iterating again goes on; it doesn't start over."""

    def __init__(self, pool: Pool, tagged: bool) -> None:
        self._pool = pool
        self._tagged = tagged
        self._domain: Optional[int] = None

    @property
    def domains(self) -> Tuple[str, ...]:
        """In the order of the mixture."""
        return self._pool.mix.domains

    @property
    def domain(self) -> Optional[int]:
        """Where the last sample came from, as an index into `domains`."""
        return self._domain

    @property
    def version(self) -> int:
        """The version of the mixture under which the last sample was drawn."""
        return self._pool.mix.version

    @property
    def epochs(self) -> Dict[str, int]:
        """Passes completed over each domain, on this rank."""
        return self._pool.passes

    @property
    def dropped(self) -> Tuple[str, ...]:
        """Domains that ran out; their weight went to the others."""
        return self._pool.dropped

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self._pool.follow()
        try:
            domains, samples = self._pool.take(1)
        except Over:
            raise StopIteration from None
        self._pool.mix.forget(self._pool.mix.draws)
        self._domain = domains[0]
        return (domains[0], samples[0]) if self._tagged else samples[0]

    def state_dict(self) -> Dict[str, Any]:
        """Everything that the coming samples depend on; plain JSON, as far as the iterables' own states are."""
        return {"format": FORMAT, "pool": self._pool.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state. Iterables are opened again when their domain is next drawn."""
        if not isinstance(state, Mapping) or state.get("format") != FORMAT:
            raise ArgumentError("state", f"should be what `state_dict` gave (format {FORMAT}), got {show(state)}.")
        self._pool.load_state_dict(state["pool"])


def interleave(
    source: MixtureSource,
    iterables: object,
    *,
    schedule: str = "stride",
    seed: int = 0,
    exhausted: str = "repeat",
    tagged: bool = False,
    rank: int = 0,
    ranks: int = 1,
) -> Interleaved:
    """One stream out of several, sample by sample as the mixture in force says; a new mixture counts from the next sample.

    Arguments:
        source: a run, or anything with a `mixture`.
        iterables: `{domain: iterable, or function that makes one}`, or a list in the order of the mixture's domains.
        exhausted: what happens when a domain that is drawn has no more samples. `repeat`: it begins again (its iterable is
            iterated, or its function called, anew; a bare iterator can't, and is dropped). `stop`: all ends. `drop`: its
            weight goes to the others, in proportion, and `dropped` names it.
        tagged: yield `(domain, sample)`, the domain as an index into the mixture's domains.
        rank, ranks: all ranks go through one order of domains and each takes its part. The iterables of a rank
            should give that rank's samples only: nobody else's are skipped.

    The state is exact. An iterable or iterator with `state_dict` and `load_state_dict` keeps its own; for another,
    the samples taken in its current pass are counted and, after a restore, skipped: it must give the same samples in the same
    order, and skipping takes as long as reading. A sample drawn ahead by somebody else (a `DataLoader` around
    this) counts as taken.
    """
    pool = Pool(
        source, iterables, "iterables", schedule=schedule, seed=seed, shuffle=False, exhausted=exhausted, rank=rank, ranks=ranks, mapped=False
    )
    return Interleaved(pool, bool(tagged))
