"""Fixed 64-bit hashes of spans (archive.signals.kernels.hashes computes them).

A span's hash is a polynomial in a fixed odd base modulo 2**64, mixed with the span's length. It is
the same on every machine and in every batch.
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


def mix(values: Hashes) -> Hashes:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014), of every value."""
    mixed = values ^ (values >> np.uint64(30))
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def of_text(text: str) -> int:
    """The hash of one whole text."""
    from archive.signals.kernels.hashes import of_spans

    codes = np.array([ord(character) for character in text], dtype=np.uint32)
    return int(of_spans(codes, np.array([0]), np.array([len(codes)]))[0])


@cache
def of_words(words: str) -> Hashes:
    """The hashes of these words, separated by spaces."""
    return np.array([of_text(word) for word in words.split()], dtype=np.uint64)
