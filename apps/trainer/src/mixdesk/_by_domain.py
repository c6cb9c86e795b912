"""Numbers by domain, as people have them: arrays in the order of the domains, or mappings from their names."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping  # as in _checks
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple

from . import _checks as checks
from ._errors import ArgumentError

if TYPE_CHECKING:
    from typing import TypeGuard  # from Python 3.10 on

    from ._checks import Counts, Numbers

Chosen = Tuple[Sequence[str], "Optional[Counts]"]
"""The domains that arrays are about, and their indices; no indices where it is all of them, in order."""


def chosen(argument: str, values: object, domains: Optional[object], names: Sequence[str], positions: Mapping[str, int]) -> Chosen:
    """Which domains a report is about: those of a mapping, those of `domains`, or all of them."""
    if not _named(values):
        if domains is None:
            return names, None
        found = checks.indices("domains", domains, positions)
        return [names[i] for i in found], found
    if domains is not None:
        raise ArgumentError("domains", f"should be left out where `{argument}` names them.")
    found = array("q", sorted(checks.indices(argument, list(values), positions)))
    if not found:
        raise ArgumentError(argument, "names no domain.")
    return ([names[i] for i in found], found) if len(found) < len(names) else (names, None)


def numbers(argument: str, values: object, about: Chosen, beside: Optional[str] = None) -> Numbers:
    """One number for each of these domains. `beside` is the argument that named them, where one did."""
    return checks.numbers(argument, _ordered(argument, values, about, beside), len(about[0]))


def counts(argument: str, values: object, about: Chosen, beside: Optional[str] = None) -> Counts:
    """One count for each of these domains."""
    return checks.counts(argument, _ordered(argument, values, about, beside), len(about[0]))


def sums(means: Numbers, tokens: Counts) -> Numbers:
    """Sums from means. A domain without tokens has the sum 0, whatever its mean (0/0 as a rule)."""
    return array("d", [mean * number if number else 0.0 for mean, number in zip(means, tokens)])


def not_finite(values: Numbers) -> List[int]:
    """Positions of what is not finite; costs one sum where all is well."""
    return [] if math.isfinite(sum(values)) else [i for i, value in enumerate(values) if not math.isfinite(value)]


def _named(values: object) -> TypeGuard[Mapping[str, object]]:
    """Whether it is a mapping from names. What has `tolist` is an array, and is not asked twice: an abstract class takes its time."""
    return not hasattr(values, "tolist") and isinstance(values, Mapping)


def _ordered(argument: str, values: object, about: Chosen, beside: Optional[str]) -> object:
    names, indices = about
    if not _named(values):
        if beside is not None and indices is not None:
            raise ArgumentError(argument, f"should be given by domain name, as `{beside}` is.")
        return values
    for name in names:
        if name not in values:
            raise ArgumentError(argument, f"lacks the domain {checks.show(name)}.")
    if len(values) > len(names):
        extra: Any = next(key for key in values if key not in names)
        raise ArgumentError(argument, f"names {checks.show(extra)}, which is not among the domains reported: {checks.show(list(names))}.")
    return [checks.scalar(values[name]) for name in names]
