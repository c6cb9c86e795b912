"""Checks at the edge. Each one copies what it is given, so the caller may reuse its buffers at once.

Copies are `array`s: eight bytes a number, and both the copying and the type check happen in C.
"""

from __future__ import annotations

import json
import math
import operator
import re
from array import array
from collections.abc import Mapping  # its instances are found several times faster than those of typing's
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple, Union

from ._errors import ArgumentError
from ._values import Domain

if TYPE_CHECKING:
    Numbers = array[float]
    Counts = array[int]

LARGEST_COUNT = 2**53 - 1
LARGEST_DOMAINS = 4096
LARGEST_RANKS = 65_536
LARGEST_ATTEMPT = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,128}\Z")
_SIGNAL = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}\Z")
_NAME_RULE = "1 to 128 of A-Z a-z 0-9 . _ : / -"

Domains = Union[Sequence[Union[str, Domain]], Mapping[str, Optional[int]]]


def show(value: object) -> str:
    """A value as it may stand in a message: short."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def name(argument: str, value: object) -> str:
    if not isinstance(value, str) or not _NAME.match(value):
        raise ArgumentError(argument, f"should be a name ({_NAME_RULE}), got {show(value)}.")
    return value


def text(argument: str, value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise ArgumentError(argument, f"should be a text of at most {longest} characters, got {show(value)}.")
    return value


def integer(argument: str, value: object, least: int = 0, most: int = LARGEST_COUNT) -> int:
    """An integer, NumPy's included; `True` is none."""
    if type(value) is int:
        number = value
    else:
        try:
            number = operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            raise ArgumentError(argument, f"should be an integer, got {show(value)}.") from None
        if isinstance(value, bool):
            raise ArgumentError(argument, f"should be an integer, got {value}.")
    if not least <= number <= most:
        raise ArgumentError(argument, f"should be from {least} to {most}, got {number}.")
    return number


def scalar(value: object) -> object:
    """A plain number of a NumPy or PyTorch scalar; anything else as it is."""
    item = getattr(value, "item", None)
    try:
        return value if item is None else item()
    except (TypeError, ValueError, RuntimeError):  # an array of several
        return value


def _listed(argument: str, values: object) -> List[Any]:
    to_list = getattr(values, "tolist", None)  # NumPy arrays, PyTorch tensors
    try:
        listed = to_list() if to_list is not None else list(values)  # type: ignore[call-overload]
    except TypeError:
        listed = None
    if not isinstance(listed, list):
        raise ArgumentError(argument, f"should be a sequence with one entry a domain, got {show(values)}.")
    if to_list is None and listed and hasattr(listed[0], "item"):  # a list of scalars, each perhaps a tensor
        listed = [scalar(value) for value in listed]
    return listed


def numbers(argument: str, values: object, length: Optional[int] = None) -> Numbers:
    """A copy as doubles. Not-finite numbers pass: they are sent as null."""
    listed = _listed(argument, values)
    try:
        copied = array("d", listed)
    except TypeError:
        raise ArgumentError(argument, f"should hold numbers only, got {show(listed)}.") from None
    except OverflowError:
        raise ArgumentError(argument, "holds an integer too large for a double.") from None
    _same_length(argument, len(copied), length)
    return copied


def counts(argument: str, values: object, length: Optional[int] = None) -> Counts:
    """A copy as integers from 0 to 2**53 - 1. Floats that are whole numbers pass."""
    listed = _listed(argument, values)
    try:
        copied = array("q", listed)
    except (TypeError, OverflowError):
        listed = [_count(argument, value, i) for i, value in enumerate(listed)]
        copied = array("q", listed)
    if listed and not (min(listed) >= 0 and max(listed) <= LARGEST_COUNT):
        for i, value in enumerate(copied):
            _count(argument, value, i)
    _same_length(argument, len(copied), length)
    return copied


def _count(argument: str, value: Any, i: int) -> int:
    whole = value
    if isinstance(value, float) and value.is_integer():
        whole = int(value)
    try:
        number = operator.index(whole)
    except TypeError:
        raise ArgumentError(argument, f"should hold whole numbers; entry {i} is {show(value)}.") from None
    if not 0 <= number <= LARGEST_COUNT:
        raise ArgumentError(argument, f"should hold counts from 0 to 2**53 - 1; entry {i} is {number}.")
    return number


def _same_length(argument: str, got: int, expected: Optional[int]) -> None:
    if expected is not None and got != expected:
        raise ArgumentError(argument, f"should have {expected} entries, one for each domain, got {got}.")


def indices(argument: str, chosen: object, positions: Mapping[str, int]) -> Counts:
    """Names or indices of some of the run's domains, each at most once."""
    listed = _listed(argument, chosen)
    found = []
    for entry in listed:
        if isinstance(entry, str):
            if entry not in positions:
                raise ArgumentError(argument, f"names the unknown domain {show(entry)}; the run has {show(list(positions))}.")
            found.append(positions[entry])
        else:
            found.append(integer(argument, entry, 0, len(positions) - 1))
    if len(set(found)) != len(found):
        raise ArgumentError(argument, "names a domain twice; report each domain once, with its sums.")
    return array("q", found)


def signal_name(value: object) -> str:
    if not isinstance(value, str) or not _SIGNAL.match(value):
        raise ArgumentError("signals", f"has the name {show(value)}; a letter, then up to 63 of A-Z a-z 0-9 _ . is expected.")
    return value


def domain_list(given: Domains, weights: Optional[object]) -> Tuple[Domain, ...]:
    """The run's domains, in order, with the weights of the mixture it starts with."""
    if isinstance(given, str):
        raise ArgumentError("domains", f"should be several domains, got the one text {show(given)}.")
    if isinstance(given, Mapping):
        listed = [Domain(key, tokens) for key, tokens in given.items()]
    else:
        listed = [entry if isinstance(entry, Domain) else Domain(entry) for entry in given]
    if not 1 <= len(listed) <= LARGEST_DOMAINS:
        raise ArgumentError("domains", f"should be 1 to {LARGEST_DOMAINS} domains, got {len(listed)}.")
    seen = set()
    for domain in listed:
        name("domains", domain.name)
        if domain.name in seen:
            raise ArgumentError("domains", f"names {show(domain.name)} twice.")
        seen.add(domain.name)
        if domain.tokens is not None:
            integer("domains", domain.tokens)
        if domain.group is not None:
            name("domains", domain.group)
    if weights is not None:
        shares = numbers("weights", weights, len(listed)).tolist()
        listed = [Domain(d.name, d.tokens, share, d.group) for d, share in zip(listed, shares)]
    given_shares = [d.weight for d in listed if d.weight is not None]
    if given_shares:
        argument = "domains" if weights is None else "weights"
        if len(given_shares) != len(listed):
            raise ArgumentError(argument, "gives a weight to some domains only; give one to all, or to none.")
        if not all(math.isfinite(share) and share >= 0 for share in given_shares) or sum(given_shares) <= 0:
            raise ArgumentError(argument, "should be finite, not negative, and not all zero.")
    return tuple(listed)


def start_weights(domains: Sequence[Domain]) -> Tuple[float, ...]:
    """The mixture in force before any was decided: the given shares, normalised, or uniform."""
    shares = [1.0 if d.weight is None else float(d.weight) for d in domains]
    total = math.fsum(shares)
    return tuple(share / total for share in shares)


def json_value(argument: str, value: object) -> Any:
    """A copy that JSON can hold; NumPy scalars and arrays become plain, what is not finite becomes null."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): json_value(argument, entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [json_value(argument, entry) for entry in value]
    to_list = getattr(value, "tolist", None)
    if to_list is not None:
        return json_value(argument, to_list())
    raise ArgumentError(argument, f"should hold what JSON can hold, got {show(value)}.")


def json_object(argument: str, value: object) -> Dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ArgumentError(argument, f"should be a mapping, got {show(value)}.")
    copied = json_value(argument, value)
    assert isinstance(copied, dict)
    return copied


def text_list(argument: str, value: object, longest: int) -> List[str]:
    if isinstance(value, str):
        raise ArgumentError(argument, f"should be a list of texts, got the one text {show(value)}.")
    listed = _listed(argument, value)
    if len(listed) > 256:
        raise ArgumentError(argument, f"should be at most 256 texts, got {len(listed)}.")
    return [text(argument, entry, longest) for entry in listed]


def tag_list(value: object) -> List[str]:
    return text_list("tags", value, 256)


def signal_names(value: object) -> List[str]:
    return [signal_name(entry) for entry in text_list("signals", value, 64)]


def encode(data: Mapping[str, Any]) -> bytes:
    """JSON as it goes on the wire; a number that is not finite becomes null."""
    try:
        return json.dumps(data, default=_plain, allow_nan=False, separators=(",", ":")).encode("utf-8")
    except ValueError:
        return json.dumps(json_value("data", data), allow_nan=False, separators=(",", ":")).encode("utf-8")


def _plain(value: object) -> List[Any]:
    assert isinstance(value, array)
    return value.tolist()
