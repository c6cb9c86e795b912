"""Random numbers that are functions of a key and a counter, so that a position is the whole state."""

from __future__ import annotations

MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15


def mix64(value: int) -> int:
    """The finaliser of SplitMix64: a bijection of 64-bit numbers whose output passes as random on consecutive input.

    Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014; the constants are Stafford's variant 13.
    """
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def key(*parts: int) -> int:
    """A 64-bit key for one purpose: `key(seed, domain, epoch)`. Other parts, or another order of them, give another key."""
    folded = len(parts)
    for part in parts:
        folded = mix64((folded * _GAMMA + part + 1) & MASK)
    return folded


def at(stream: int, counter: int) -> int:
    """Number `counter` of the SplitMix64 stream that begins at the key `stream`: 64 bits."""
    return mix64((stream + (counter + 1) * _GAMMA) & MASK)
