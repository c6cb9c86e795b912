"""A seeded shuffle of 0..n-1 that is computed, not stored."""

from __future__ import annotations

from array import array
from typing import Optional, Sequence

from ._random import MASK, at, key

LISTED = 1024
"""Up to this size the order is listed (two bytes an entry); above, it is computed entry by entry, whatever the size."""
_ROUNDS = 6


class Permutation:
    """`Permutation(n, key)[k]` is entry `k` of a shuffled 0..n-1. The same size and key give the same order everywhere.

    Small ones are a Fisher-Yates shuffle, every order equally likely. Large ones are a Feistel network on the
    smallest power of two that holds `n`, walked until the result is below `n` (Black and Rogaway, Ciphers with
    arbitrary finite domains, CT-RSA 2002): a walk is shorter than two on average, and nothing is stored.
    Good for shuffling; no cipher.
    """

    __slots__ = ("_high", "_keys", "_listed", "_low", "_low_bits", "size")

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self._listed: Optional[Sequence[int]] = None
        bits = max(2, (size - 1).bit_length())
        self._low_bits = bits // 2
        self._low = (1 << self._low_bits) - 1
        self._high = (1 << (bits - self._low_bits)) - 1
        self._keys = [key(seed, number) for number in range(_ROUNDS)]
        if size <= LISTED:
            self._listed = _shuffled(size, seed)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, position: int) -> int:
        if not 0 <= position < self.size:
            raise IndexError(position)
        if self._listed is not None:
            return self._listed[position]
        shift, low_mask, high_mask, size = self._low_bits, self._low, self._high, self.size
        value = position
        while True:
            low, high = value & low_mask, value >> shift
            # The halves take turns; each round is undone by the same round, so any round function gives a bijection.
            for number, round_key in enumerate(self._keys):
                mixed = (((low if number & 1 else high) ^ round_key) * 0xD6E8FEB86659FD93) & MASK
                mixed = ((mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93) & MASK
                if number & 1:
                    high ^= (mixed >> 32) & high_mask
                else:
                    low ^= (mixed >> 32) & low_mask
            value = (high << shift) | low
            if value < size:
                return value


def _shuffled(size: int, seed: int) -> Sequence[int]:
    order = array("H", range(size))
    for last in range(size - 1, 0, -1):
        # 64 random bits scaled to 0..last: off uniform by less than 2**-53.
        chosen = (at(seed, last) * (last + 1)) >> 64
        order[last], order[chosen] = order[chosen], order[last]
    return order
