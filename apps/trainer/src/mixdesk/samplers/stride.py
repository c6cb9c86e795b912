"""Stride scheduling: a deterministic order of domains whose realised shares stay next to the weights.

What is meant is proportional share by strides (Waldspurger and Weihl, Stride scheduling, MIT/LCS/TM-528, 1995).
Their order, smallest pass first, lets a domain fall behind by more than one sample where there are many of them;
so does its kin, smooth weighted round robin. The order here is Tijdeman's (The chairman assignment problem,
Discrete Mathematics 32, 1980): of the domains whose lag is at least 1/(2K-2), the one whose lag would first exceed
1 - 1/(2K-2). *Lag* is the sum of the weights so far less the samples drawn.

What holds, for K domains, at every prefix of the order (`tests/test_samplers_stride.py`):

1. **Fixed weights:** every lag is within 1 - 1/(2K-2) of zero: less than one sample (Tijdeman's theorem).
2. **Weights that change at any draw and stay positive:** no domain is drawn more than 1 - 1/(2K-2) too often, none less
   than H(K/2) too rarely, where H(m) = 1 + 1/2 + ... + 1/m: 1 up to K = 3, 2.1 for 8, 3.4 for 32. Where it is too
   late for the rule above (some lag exceeds 1 - 1/(2K-2)), the largest lag is drawn; the proof is in `lag_bounds`.
   *No* method that doesn't know coming weights keeps within one sample: whoever always takes away the weight of what
   has just been drawn drives some lag to H(K) - 1, 1.08 for K = 4, whatever is drawn (Coppersmith, Nowicki, Paleologo, Tresser
   and Wu, The optimality of the online greedy algorithm in carpool and chairman assignment problems, ACM TALG 7, 2011).
3. **A weight of zero** is never drawn, so its lag stays where it was until it gets weight again. The others bear the
   opposite of that lag in proportion to their weights, and keep to 1 around it.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from .._checks import integer
from .._errors import ArgumentError
from ._units import UNIT, Units

_BITS = 12
_MASK = (1 << _BITS) - 1


def lag_bounds(domains: int) -> Tuple[float, float]:
    """How far, in samples, a domain can be drawn too often and too rarely under positive weights that change at any draw.

    The first is plain: who is drawn had a lag of 1/(2K-2) or more. For the second, let A(j) be the largest sum of j
    lags, divided by j, after a draw; A(K) = 0, as lags add up to zero. A draw by the rule leaves all lags within
    E = 1 - 1/(2K-2) of zero, so A(j) <= E min(1, (K-j)/j). A draw of the largest lag c either takes it out of the
    j largest, whose sum then grows by no more than the weights' 1 and falls by 1; or c is not among them, but was the
    largest of these j and itself, whose sum was at most (j+1) A(j+1) + 1: so A(j) <= A(j+1) + 1/(j+1).
    """
    if domains == 1:
        return 0.0, 0.0
    edge = 1 - 1 / (2 * domains - 2)
    average = 0.0
    for largest in range(domains - 1, 0, -1):
        average = max(edge * min(1.0, (domains - largest) / largest), average + 1 / (largest + 1))
    return edge, average


class Stride:
    """The order of draws. Times are numbers of draws since the weights were last set; heaps make a draw O(log K)."""

    name = "stride"

    def __init__(self, domains: int) -> None:
        self._lags = [0] * domains
        """At time zero, the share of what is frozen included; drawn samples are taken off at once."""
        self._units: Units = ()
        self._shifts: List[int] = []
        self._time = 0
        self._least = UNIT // max(2, 2 * domains - 2)
        self._most = UNIT - self._least
        # Entries are time << 12 | domain: one number compares faster than a pair, and equal times go by domain.
        self._waiting: List[int] = []
        self._ready: List[int] = []
        self._due: List[int] = []

    def weigh(self, units: Units) -> None:
        """Sets the weights from the next draw on. O(K)."""
        lags = self._settled()
        frozen = sum(lag for lag, unit in zip(lags, units) if not unit)
        self._shifts = [frozen * unit // UNIT for unit in units]
        self._shifts[units.index(max(units))] += frozen - sum(self._shifts)
        self._lags = [lag + shift for lag, shift in zip(lags, self._shifts)]
        self._units = units
        self._time = 0
        self._waiting = [self._release(domain) << _BITS | domain for domain, unit in enumerate(units) if unit]
        heapify(self._waiting)
        self._ready = []
        self._due = []

    def draw(self) -> int:
        """The next domain."""
        self._time = time = self._time + 1
        waiting, ready, due, lags, units = self._waiting, self._ready, self._due, self._lags, self._units
        end = (time + 1) << _BITS
        while waiting and waiting[0] < end:
            domain = heappop(waiting) & _MASK
            heappush(ready, -((lags[domain] - self._most - 1) // units[domain]) << _BITS | domain)
        while ready and ready[0] < end:
            due.append(heappop(ready) & _MASK)
        if due:
            domain = due[0] if len(due) == 1 else max(due, key=lambda i: (lags[i] + units[i] * time, -i))
            due.remove(domain)
        elif ready:
            domain = heappop(ready) & _MASK
        else:  # possible only while recovering from weights of zero
            domain = heappop(waiting) & _MASK
        lags[domain] -= UNIT
        heappush(waiting, self._release(domain) << _BITS | domain)
        return domain

    def _release(self, domain: int) -> int:
        return -((self._lags[domain] - self._least) // self._units[domain])

    def _settled(self) -> List[int]:
        """The lags now, in units, without what is borne for frozen ones."""
        if not self._units:
            return list(self._lags)
        return [lag + unit * self._time - shift for lag, unit, shift in zip(self._lags, self._units, self._shifts)]

    @property
    def lags(self) -> List[float]:
        """In samples: the sum of the weights so far less the samples drawn, by domain."""
        return [lag / UNIT for lag in self._settled()]

    def state_dict(self) -> Dict[str, Any]:
        """The lags are all that the future depends on, weights apart."""
        return {"lags": self._settled()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state; set the weights after it."""
        lags = state.get("lags")
        if not isinstance(lags, (list, tuple)) or len(lags) != len(self._lags):
            raise ArgumentError("state", f"should hold the lags of {len(self._lags)} domains.")
        self._lags = [integer("state", lag, -(1 << 62), 1 << 62) for lag in lags]
        if sum(self._lags) != 0:
            raise ArgumentError("state", "holds lags that don't add up to zero; it is damaged.")
        self._units, self._shifts, self._time = (), [], 0

    @staticmethod
    def before(state: Mapping[str, Any], units: Units, drawn: Sequence[int]) -> Dict[str, Any]:
        """The state before these draws, all made under these weights: the sums are exact, so they can be taken back."""
        lags = [lag - unit * len(drawn) for lag, unit in zip(state["lags"], units)]
        for domain in drawn:
            lags[domain] += UNIT
        return {"lags": lags}
