"""Shingles of words, and the minima of every permutation over them."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from archive.signals.hashing import INVERSE, Hashes, Positions
from archive.signals.kernels.compiled import kernel
from archive.signals.kernels.hashes import FACTOR, ONE, ZERO, finished

BACK: Final = np.uint64(INVERSE)
Numbers = npt.NDArray[np.uint32]


@kernel("Tuple((uint64[::1], int64[::1]))(uint64[::1], int64[::1], int64)")
def shingles(words: Hashes, bounds: Positions, size: int) -> tuple[Hashes, Positions]:
    """Hashes of every run of `size` words of each text, and where each text's begin.

    A text of fewer words is one shingle of all of them, or of none.
    """
    texts = len(bounds) - 1
    first = np.empty(texts, dtype=np.int64)
    count = 0
    for text in range(texts):
        first[text] = count
        count += max(bounds[text + 1] - bounds[text] - size + 1, 1)
    hashes = np.empty(count, dtype=np.uint64)
    at = 0
    for text in range(texts):
        end = bounds[text + 1]
        begin, length = bounds[text], min(size, end - bounds[text])
        total, power = ZERO, BACK
        for i in range(begin, begin + length):
            power *= FACTOR
            total += (words[i] + ONE) * power
        hashes[at] = finished(total, length)
        at += 1
        for i in range(begin + length, end):
            # The next one: less its first word, divided by the base, and one word more.
            total = (total - (words[i - length] + ONE)) * BACK + (words[i] + ONE) * power
            hashes[at] = finished(total, length)
            at += 1
    return hashes, first


@kernel("uint32[:,::1](uint32[::1], int64[::1], uint32[::1], uint32[::1])")
def minima(values: Numbers, first: Positions, by: Numbers, plus: Numbers) -> Numbers:
    """The least `by[k] * value + plus[k]` modulo 2**32 of each text, one row a text."""
    best = np.full((len(first), len(by)), np.uint32(0xFFFFFFFF), dtype=np.uint32)
    for text in range(len(first)):
        row = best[text]
        end = first[text + 1] if text + 1 < len(first) else len(values)
        for i in range(first[text], end):
            for k in range(len(by)):
                row[k] = min(row[k], np.uint32(by[k] * values[i] + plus[k]))
    return best
