"""Hashes of spans, and equal ones brought together."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from archive.signals.hashing import BASE, LENGTH, Hashes, Positions
from archive.signals.kernels.compiled import helper, kernel

Codes = npt.NDArray[np.uint32]

# Typed, because an integer of 64 bits without a sign and a plain one make a float.
ZERO: Final = np.uint64(0)
ONE: Final = np.uint64(1)
FACTOR: Final = np.uint64(BASE)
SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
LENGTHS: Final = np.uint64(LENGTH)


@helper
def finished(total: np.uint64, length: int) -> np.uint64:
    """The sum of a span's terms and its length, mixed as archive.signals.hashing.mix does."""
    value = total ^ (np.uint64(length) * LENGTHS)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@helper
def of_span(codes: Codes, start: int, end: int) -> np.uint64:
    """The hash of the code points from start to end."""
    total, power = ZERO, ONE
    for i in range(start, end):
        total += (np.uint64(codes[i]) + ONE) * power
        power *= FACTOR
    return finished(total, end - start)


@kernel("uint64[::1](uint32[::1], int64[::1], int64[::1])")
def of_spans(codes: Codes, starts: Positions, ends: Positions) -> Hashes:
    """The hash of each span of code points."""
    hashes = np.empty(len(starts), dtype=np.uint64)
    for k in range(len(starts)):
        hashes[k] = of_span(codes, starts[k], ends[k])
    return hashes


@helper
def room(count: int) -> int:
    """The size of a table for so many keys: a power of two, at most half of it taken."""
    size = 8
    while size < 2 * count:
        size *= 2
    return size


@kernel("int64[::1](uint64[::1], uint64[::1])")
def wanted(hashes: Hashes, known: Hashes) -> Positions:
    """Where one of the known hashes stands."""
    size = room(4 * len(known))
    mask = np.uint64(size - 1)
    table, taken = np.empty(size, dtype=np.uint64), np.zeros(size, dtype=np.uint8)
    for key in known:
        slot = key & mask
        while taken[slot]:
            slot = (slot + ONE) & mask
        table[slot], taken[slot] = key, 1
    found = np.empty(len(hashes), dtype=np.int64)
    count = 0
    for i in range(len(hashes)):
        slot = hashes[i] & mask
        while taken[slot]:
            if table[slot] == hashes[i]:
                found[count] = i
                count += 1
                break
            slot = (slot + ONE) & mask
    return found[:count].copy()


GROUPS = "Tuple((int64[::1], int64[::1], int64[::1], int64[::1]))"


@kernel(f"{GROUPS}(uint64[::1], int64[::1])")
def grouped(keys: Hashes, bounds: Positions) -> tuple[Positions, Positions, Positions, Positions]:
    """Equal keys of each text, brought together.

    Keys of text i are bounds[i] to bounds[i + 1]. Per key: its group, numbered by first occurrence;
    per group: how many keys, and where the first is; the bounds of each text's groups.
    """
    per_text = np.zeros(len(bounds), dtype=np.int64)
    number = np.empty(len(keys), dtype=np.int64)
    sizes, first = np.empty(len(keys), dtype=np.int64), np.empty(len(keys), dtype=np.int64)
    longest = 0
    for text in range(len(bounds) - 1):
        longest = max(longest, bounds[text + 1] - bounds[text])
    table = np.empty(room(longest), dtype=np.int32)
    groups = 0
    for text in range(len(bounds) - 1):
        begin, end = bounds[text], bounds[text + 1]
        size = room(end - begin)
        for i in range(size):
            table[i] = -1
        mask = np.uint64(size - 1)
        base = groups
        for i in range(begin, end):
            slot = keys[i] & mask
            while table[slot] >= 0 and keys[first[base + table[slot]]] != keys[i]:
                slot = (slot + ONE) & mask
            if table[slot] < 0:
                table[slot] = groups - base
                sizes[groups], first[groups] = 0, i
                groups += 1
            number[i] = base + table[slot]
            sizes[number[i]] += 1
        per_text[text + 1] = groups
    return number, sizes[:groups].copy(), first[:groups].copy(), per_text
