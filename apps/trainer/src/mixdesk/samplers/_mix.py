"""Which domain comes next: a schedule that follows the mixture of a run, and remembers what it drew under which version."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections import deque
from typing import TYPE_CHECKING, Any, Deque, Dict, List, Mapping, NamedTuple, Optional, Protocol, Sequence, Set, Tuple, Union

from .._checks import integer, show
from .._errors import ArgumentError
from .._notices import Notices
from ._units import Units, units
from .multinomial import Multinomial
from .stride import Stride

if TYPE_CHECKING:
    Drawn = array[int]

SCHEDULES = ("stride", "multinomial")
LONGEST_MEMORY = 1 << 20
"""Draws remembered, two bytes each, for those who ask for a state of before or never say what was consumed."""


class MixtureLike(Protocol):
    """What is read of a mixture. `meaning`, where it has one, is read too."""

    @property
    def version(self) -> int: ...
    @property
    def weights(self) -> Sequence[float]: ...
    @property
    def domains(self) -> Sequence[str]: ...


class MixtureSource(Protocol):
    """Anything with a mixture in force: a run, or an object of your own whose `mixture` you replace."""

    @property
    def mixture(self) -> MixtureLike: ...


class _Stretch(NamedTuple):
    """Draws under one mixture, from number `start` on."""

    start: int
    version: int
    weights: Tuple[float, ...]
    units: Units


class Mix:
    """Draws domains by the mixture in force. `follow` looks for a new one; nothing else does, so the caller says when
    weights may change."""

    def __init__(self, source: MixtureSource, schedule: str, seed: int) -> None:
        if schedule not in SCHEDULES:
            raise ArgumentError("schedule", f"should be one of {', '.join(SCHEDULES)}, got {show(schedule)}.")
        self.seed = integer("seed", seed)
        self._source = source
        mixture = getattr(source, "mixture", None)
        domains = getattr(mixture, "domains", None)
        if mixture is None or not domains or not hasattr(mixture, "weights") or not hasattr(mixture, "version"):
            raise ArgumentError("source", f"should have a `mixture` with domains, weights and a version, as a run has, got {show(source)}.")
        self.domains: Tuple[str, ...] = tuple(domains)
        self.schedule_name = schedule
        self.warn = Notices(str(getattr(source, "name", "sampler"))).warn
        self._begin(seed, self._new_schedule(seed))
        self._base: Optional[Tuple[float, ...]] = None
        self._closed: Set[int] = set()
        self._weights = self._of(mixture)
        self._version: int = mixture.version
        self._seen: Optional[MixtureLike] = None

    def _new_schedule(self, seed: int) -> Union[Stride, Multinomial]:
        return Stride(len(self.domains)) if self.schedule_name == "stride" else Multinomial(seed)

    def _begin(self, seed: int, schedule: Union[Stride, Multinomial]) -> None:
        self.seed = seed
        self._schedule = schedule
        self._units: Units = ()
        self.draws = 0
        self._log: Drawn = array("H")
        self._log_start = 0
        self._stretches: List[_Stretch] = []
        self._booked: Deque[List[Any]] = deque()

    # ---- weights ----

    @property
    def weights(self) -> Tuple[float, ...]:
        """What is sampled by, before closed domains are left out."""
        return self._weights

    @property
    def version(self) -> int:
        """The version of the mixture in force at the last `follow`."""
        return self._version

    @property
    def open(self) -> bool:
        """Whether any domain that is not closed has weight."""
        return any(weight > 0 and i not in self._closed for i, weight in enumerate(self._weights))

    def follow(self) -> None:
        """Takes the mixture in force. Call it where weights may change: before a batch."""
        while self._booked and self._booked[0][0] <= 0:
            self._booked.popleft()
            self._seen = None
        if self._booked:
            _, version, weights = self._booked[0]
            self._set(version, weights)
            return
        mixture = self._source.mixture
        if mixture is self._seen and mixture.version == self._version:
            return
        self._seen = mixture
        try:
            weights = self._of(mixture)
        except ArgumentError as error:
            self.warn("weights", f"samplers keep the weights they have: {error}")
            return
        if not any(weight > 0 and i not in self._closed for i, weight in enumerate(weights)):
            sentence = f"mixture {mixture.version} puts all weight on domains without samples; samplers keep the weights they have"
            self.warn("nothing left", sentence)
            return
        self._set(mixture.version, weights)

    def _of(self, mixture: MixtureLike) -> Tuple[float, ...]:
        """The weights to sample by. A mixture of loss multipliers changes what losses count, not what is sampled:
        sampling stays with the last weights that were for sampling, or else the run's start, or else uniform."""
        if getattr(mixture, "meaning", "samplingProbability") == "lossMultiplier":
            if self._base is None:
                self._base = self._start_weights()
            return self._base
        self._base = weights_of(mixture, self.domains)
        return self._base

    def _start_weights(self) -> Tuple[float, ...]:
        start = getattr(self._source, "start_weights", None)
        count = len(self.domains)
        return tuple(start) if start is not None and len(start) == count else (1.0 / count,) * count

    def close(self, domain: int) -> None:
        """Never draws this domain again; its weight goes to the others in proportion."""
        self._closed.add(domain)
        self._units = ()
        if self.open:
            self._set(self._version, self._weights)

    @property
    def closed(self) -> List[int]:
        return sorted(self._closed)

    def _set(self, version: int, weights: Tuple[float, ...]) -> None:
        if self._units and weights == self._weights:
            if version != self._version or not self._stretches:
                self._version = version
                self._note()
            return
        self._version, self._weights = version, weights
        if not self.open:  # all is drawn, and the owner knows; nothing can be weighed
            return
        self._units = units([0.0 if i in self._closed else weight for i, weight in enumerate(weights)] if self._closed else weights)
        self._schedule.weigh(self._units)
        self._note()

    def _note(self) -> None:
        if self._stretches and self._stretches[-1].start == self.draws:
            self._stretches.pop()
        self._stretches.append(_Stretch(self.draws, self._version, self._weights, self._units))

    # ---- draws ----

    def draw(self, count: int) -> List[int]:
        """The next `count` domains, by index."""
        one = self._schedule.draw
        drawn = [one() for _ in range(count)]
        self._log.extend(drawn)
        self.draws += count
        if self._booked:
            self._booked[0][0] -= count
        if len(self._log) > 2 * LONGEST_MEMORY:
            self.forget(self.draws - LONGEST_MEMORY)
        return drawn

    def take_back(self) -> None:
        """Undoes the last draw."""
        self.load(self.state_dict(self.draws - 1))

    def forget(self, before: int) -> None:
        """Draws before this number are never asked for again. Cheap to call often."""
        excess = before - self._log_start
        if excess > 4096 and excess * 2 > len(self._log):
            del self._log[:excess]
            self._log_start = before
            keep = bisect_right([stretch.start for stretch in self._stretches], before) - 1
            del self._stretches[: max(0, keep)]

    def drawn_since(self, draw: int) -> Drawn:
        """The domains drawn from this number on."""
        if not self._log_start <= draw <= self.draws:
            raise ArgumentError("consumed", f"asks for draw {draw}; draws {self._log_start} to {self.draws} are remembered.")
        return self._log[draw - self._log_start :]

    def version_of(self, draw: int) -> Optional[int]:
        """The version under which this draw was made, if it is remembered."""
        if not self._log_start <= draw < self.draws:
            return None
        return self._stretches[bisect_right([stretch.start for stretch in self._stretches], draw) - 1].version

    # ---- state ----

    def state_dict(self, draw: Optional[int] = None) -> Dict[str, Any]:
        """The state before draw number `draw` (now, when left out), with the weights of what was drawn beyond it: whoever
        goes on from there draws the same again, whichever mixture is in force by then."""
        back = self.draws if draw is None else draw
        state, end = self._schedule.state_dict(), self.draws
        ahead: List[List[Any]] = []
        for stretch in reversed(self._stretches):
            if end <= back:
                break
            start = max(stretch.start, back)
            drawn = self._log[start - self._log_start : end - self._log_start]
            state = self._schedule.before(state, stretch.units, drawn)
            ahead.insert(0, [end - start, stretch.version, list(stretch.weights)])
            end = start
        ahead += [[left, version, list(weights)] for left, version, weights in self._booked if left > 0]
        return {
            "domains": list(self.domains),
            "schedule": self.schedule_name,
            "seed": self.seed,
            "draws": back,
            **state,
            "version": self._version,
            "weights": list(self._weights),
            "base": None if self._base is None else list(self._base),
            "closed": self.closed,
            "ahead": ahead,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state, this seed's included."""
        if not isinstance(state, Mapping):
            raise ArgumentError("state", f"should be what `state_dict` gave, got {show(state)}.")
        if list(state.get("domains", ())) != list(self.domains):
            raise ArgumentError("state", f"is of the domains {show(state.get('domains'))}, not of {show(list(self.domains))}.")
        if state.get("schedule") != self.schedule_name:
            raise ArgumentError("state", f"is of the schedule {show(state.get('schedule'))}, not of {self.schedule_name}.")
        seed, draws, version = (integer("state", state.get(field)) for field in ("seed", "draws", "version"))
        schedule = self._new_schedule(seed)
        schedule.load_state_dict(state)
        closed = {integer("state", domain, 0, len(self.domains) - 1) for domain in state["closed"]}
        self._begin(seed, schedule)
        self.draws = self._log_start = draws
        self._base = None if state["base"] is None else tuple(state["base"])
        self._closed = closed
        self._booked = deque([int(left), int(version), tuple(weights)] for left, version, weights in state["ahead"])
        self._seen = None
        # The mixture in force is read at the next batch; until then, and where it cannot be used, what was.
        self._set(version, tuple(state["weights"]))


def weights_of(mixture: MixtureLike, domains: Sequence[str]) -> Tuple[float, ...]:
    """The weights of a mixture in the order of `domains`, checked."""
    given = [float(weight) for weight in mixture.weights]
    if tuple(mixture.domains) != tuple(domains):
        by_name = dict(zip(mixture.domains, given))
        if len(by_name) != len(domains) or any(name not in by_name for name in domains):
            raise ArgumentError("source", f"has a mixture of the domains {show(list(mixture.domains))}, not of {show(list(domains))}.")
        given = [by_name[name] for name in domains]
    if len(given) != len(domains):
        raise ArgumentError("source", f"has a mixture of {len(given)} weights for {len(domains)} domains.")
    if not all(math.isfinite(weight) and weight >= 0 for weight in given) or not math.fsum(given) > 0:
        raise ArgumentError("source", f"has the weights {show(given)}; they should be finite, not negative, and not all zero.")
    return tuple(given)


def by_domain(argument: str, given: object, domains: Sequence[str]) -> Dict[str, Any]:
    """What is given for each domain, as `{domain: it}` in the order given, which is that of concatenation."""
    if isinstance(given, Mapping):
        unknown = [name for name in given if name not in domains]
        missing = [name for name in domains if name not in given]
        if unknown:
            raise ArgumentError(argument, f"names the unknown domain {show(unknown[0])}; the mixture has {show(list(domains))}.")
        if missing:
            raise ArgumentError(argument, f"lacks the domain {show(missing[0])}.")
        return dict(given)
    listed = getattr(given, "datasets", given)  # a ConcatDataset
    if isinstance(listed, str) or not isinstance(listed, Sequence):
        raise ArgumentError(argument, f"should be a mapping from domains, or a list in the order of domains, got {show(given)}.")
    if len(listed) != len(domains):
        raise ArgumentError(argument, f"should have {len(domains)} entries, one for each domain, got {len(listed)}.")
    return dict(zip(domains, listed))
