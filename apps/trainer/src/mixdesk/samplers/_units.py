"""Weights as whole numbers. Sums of them are exact, so every machine and every restored sampler comes to the same order."""

from __future__ import annotations

import math
from typing import Sequence, Tuple

UNIT = 1 << 48
"""One sample. A lag of up to 32 samples stays below 2**53, the integers that any reader of JSON keeps."""

Units = Tuple[int, ...]


def units(weights: Sequence[float]) -> Units:
    """Weights as multiples of 2**-48 that add up to one exactly; the heaviest takes the rounding.

    Weights need not be normalised. One below 2**-48 of the total counts as zero. They are finite, none negative,
    not all zero: see `_mixtures.weights_of`.
    """
    total = math.fsum(weights)
    parts = [int(weight / total * UNIT) for weight in weights]
    parts[parts.index(max(parts))] += UNIT - sum(parts)
    return tuple(parts)
