"""Hashes of many overlapping passages at once, by prefix sums; the same on every machine."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from archive.signals.hashing import Hashes, Positions, mix

BASE: Final = 0x9E3779B97F4A7C15
INVERSE: Final = pow(BASE, -1, 2**64)
LENGTH: Final = 0xD6E8FEB86659FD93
LEAST_TABLE: Final = 1 << 18


@lru_cache(maxsize=2)
def _powers(base: int, size: int) -> Hashes:
    """base**i modulo 2**64 for i < size."""
    factors = np.full(size, base, dtype=np.uint64)
    factors[0] = 1
    return np.multiply.accumulate(factors)


class Prefix:
    """Prefix sums over code points: a span is a polynomial in BASE modulo 2**64, read off two of
    them, mixed with the span's length."""

    def __init__(self, codes: npt.NDArray[np.uint32]) -> None:
        size = LEAST_TABLE
        while size <= len(codes):
            size *= 2
        self._inverses = _powers(INVERSE, size)
        self._sums = np.zeros(len(codes) + 1, dtype=np.uint64)
        terms = codes.astype(np.uint64)
        terms += np.uint64(1)
        terms *= _powers(BASE, size)[: len(codes)]
        np.cumsum(terms, out=self._sums[1:])

    def spans(self, starts: Positions, ends: Positions) -> Hashes:
        """The hash of each span [start, end)."""
        hashes = self._sums[ends] - self._sums[starts]
        hashes *= self._inverses[starts]
        hashes ^= (ends - starts).astype(np.uint64) * np.uint64(LENGTH)
        return mix(hashes)

    def windows(self, size: int) -> Hashes:
        """The hash of the `size` code points from each place on that has so many."""
        hashes = self._sums[size:] - self._sums[:-size]
        hashes *= self._inverses[: len(hashes)]
        hashes ^= np.uint64(size * LENGTH % 2**64)
        return mix(hashes)
