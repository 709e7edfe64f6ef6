"""Fixed 64-bit hashing of spans, for a whole array of spans at once.

A span's hash is a polynomial in a fixed odd base modulo 2**64, read off two prefix sums, then
mixed with the span's length. It is the same on every machine and in every batch.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]

BASE: Final = 0x9E3779B97F4A7C15
INVERSE: Final = pow(BASE, -1, 2**64)
LENGTH: Final = 0xD6E8FEB86659FD93

_powers = np.ones(1, dtype=np.uint64)
_inverses = np.ones(1, dtype=np.uint64)


def _tables(size: int) -> tuple[Hashes, Hashes]:
    """BASE**i and BASE**-i for i < size, grown as needed."""
    global _powers, _inverses
    if len(_powers) < size:
        room = max(size, 1 << 18)
        for name, base in (("_powers", BASE), ("_inverses", INVERSE)):
            factors = np.full(room, base, dtype=np.uint64)
            factors[0] = 1
            globals()[name] = np.multiply.accumulate(factors)
    return _powers[:size], _inverses[:size]


def mix(values: Hashes) -> Hashes:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014), of every value."""
    mixed = values ^ (values >> np.uint64(30))
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


class Prefix:
    """Prefix sums over a sequence, from which the hash of any span is read off."""

    def __init__(self, values: npt.NDArray[np.unsignedinteger]) -> None:
        powers, self._inverses = _tables(len(values) + 1)
        self._sums = np.zeros(len(values) + 1, dtype=np.uint64)
        terms = values.astype(np.uint64)
        terms += np.uint64(1)
        terms *= powers[:-1]
        np.cumsum(terms, out=self._sums[1:])

    def spans(self, starts: Positions, ends: Positions) -> Hashes:
        """The hash of each span [start, end)."""
        hashes = self._sums[ends] - self._sums[starts]
        hashes *= self._inverses[starts]
        hashes ^= (ends - starts).astype(np.uint64) * np.uint64(LENGTH)
        return mix(hashes)


def of_text(text: str) -> int:
    """The hash of one whole text: what `Prefix.spans` gives for it."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    whole = Prefix(codes).spans(np.array([0]), np.array([len(codes)]))
    return int(whole[0])


@cache
def _hashes_of(words: str) -> tuple[Hashes, npt.NDArray[np.bool_]]:
    hashes = np.array([of_text(word) for word in words.split()], dtype=np.uint64)
    # Which last 16 bits a wanted hash can have: most others are told apart by these alone.
    digits = np.zeros(1 << 16, dtype=bool)
    digits[hashes & np.uint64(0xFFFF)] = True
    return hashes, digits


def wanted(hashes: Hashes, words: str) -> Positions:
    """Where the hashes of these words (separated by spaces) stand among many."""
    known, digits = _hashes_of(words)
    likely = np.flatnonzero(digits[hashes & np.uint64(0xFFFF)])
    return likely[np.isin(hashes[likely], known)]
