"""Shingles of words, and the minima of every permutation over them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from archive.signals.hashing import Hashes, Positions
from archive.signals.kernels.compiled import kernel
from archive.signals.kernels.hashes import FACTOR, ONE, ZERO, finished

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
        for start in range(bounds[text], max(end - size, bounds[text]) + 1):
            total, power = ZERO, ONE
            stop = min(start + size, end)
            for i in range(start, stop):
                total += (words[i] + ONE) * power
                power *= FACTOR
            hashes[at] = finished(total, stop - start)
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
