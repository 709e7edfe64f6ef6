"""Repeated n-grams of every text, from pairs to runs of ten words.

An n-gram repeats only if both (n-1)-grams in it do, and it is known by the two: each step looks at
what the last one left, and compares whole numbers, not hashes.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from archive.signals.hashing import Positions
from archive.signals.kernels.compiled import helper, kernel
from archive.signals.kernels.hashes import SPREAD, room

Counts = npt.NDArray[np.int32]
Table = npt.NDArray[np.int64]

LAST_TOP: Final = 4  # up to this n the commonest n-gram is wanted, from here on what is duplicated
LAST: Final = 10


@helper
def _step(
    n: int,
    end: int,
    count: int,
    at: Positions,
    group: Positions,
    pairs: Positions,
    times: Counts,
    first: Counts,
    slots: Counts,
) -> int:
    """From the repeated (n-1)-grams of a text to its repeated n-grams, in place; how many.

    `at[:count]` is where they begin, in order, `group[:count]` which one each is; no word from
    `end` on is of the text. By group, afterwards: its two parts, how often it occurs, where first.
    """
    mask = np.int64(room(count) - 1)
    for i in range(mask + 1):
        slots[i] = -1
    groups = found = 0
    for j in range(count - 1):
        if at[j + 1] != at[j] + 1 or at[j] + n > end:
            continue
        pair = group[j] << 32 | group[j + 1]
        spread = np.uint64(pair) * SPREAD
        slot = np.int64((spread ^ (spread >> np.uint64(32))) * SPREAD >> np.uint64(33)) & mask
        while slots[slot] >= 0 and pairs[slots[slot]] != pair:
            slot = (slot + 1) & mask
        if slots[slot] < 0:
            slots[slot] = groups
            pairs[groups], times[groups], first[groups] = pair, 0, at[j]
            groups += 1
        times[slots[slot]] += 1
        at[found], group[found] = at[j], slots[slot]
        found += 1
    kept = 0
    for j in range(found):
        if times[group[j]] > 1:
            at[kept], group[kept] = at[j], group[j]
            kept += 1
    return kept


@helper
def _commonest(
    n: int,
    count: int,
    at: Positions,
    group: Positions,
    times: Counts,
    first: Counts,
    sums: Positions,
    dclm: bool,
) -> int:
    """Characters of the commonest n-gram times its number; of several, of the first.

    That is joined by spaces; by DCLM's rules it is the longest, and nothing is put in.
    """
    most = best = 0
    for j in range(count):
        start, often = first[group[j]], times[group[j]]
        if start != at[j] or often < most:
            continue
        chars = sums[start + n] - sums[start] + (0 if dclm else n - 1)
        if often > most or (dclm and chars > best):
            best = chars
        most = often
    return best * most


@helper
def _copies(
    n: int, count: int, at: Positions, group: Positions, seen: Positions, mark: int, sums: Positions
) -> int:
    """Characters of later copies, left to right without overlap (datatrove find_all_duplicate).

    A copy is skipped over whole; an n-gram that begins inside one is not remembered.
    """
    chars = j = 0
    while j < count:
        if seen[group[j]] != mark:
            seen[group[j]] = mark
            j += 1
            continue
        free = at[j] + n
        chars += sums[free] - sums[at[j]]
        while j < count and at[j] < free:
            j += 1
    return chars


@helper
def _covered(n: int, count: int, at: Positions, sums: Positions) -> int:
    """Characters of the words in repeated n-grams, each word once."""
    chars = free = 0
    for j in range(count):
        chars += sums[at[j] + n] - sums[max(at[j], free)]
        free = at[j] + n
    return chars


@kernel("Tuple((int64[:,::1], int64[:,::1]))(int64[::1], int64[::1], int64[::1], int64[::1], b1)")
def repeated(
    number: Positions, sizes: Positions, sums: Positions, bounds: Positions, dclm: bool
) -> tuple[Table, Table]:
    """Of each text, characters of the commonest 2- to 4-grams and of duplicated 5- to 10-grams.

    `number` says which word each one is, `sizes` how often it stands in its text, `sums` how many
    characters come before it; text i has the words bounds[i] to bounds[i + 1]. With `dclm` by
    DCLM's rules, else by datatrove's (archive.signals.repetition).
    """
    texts = len(bounds) - 1
    top = np.zeros((texts, LAST_TOP - 1), dtype=np.int64)
    duplicated = np.zeros((texts, LAST - LAST_TOP), dtype=np.int64)
    most = 1
    for text in range(texts):
        most = max(most, bounds[text + 1] - bounds[text])
    at, group = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    pairs, seen = np.empty(most, dtype=np.int64), np.zeros(most, dtype=np.int64)
    times, first = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    slots = np.empty(room(most), dtype=np.int32)
    for text in range(texts):
        begin, end = bounds[text], bounds[text + 1]
        count = 0
        for i in range(begin, end):
            if sizes[number[i]] > 1:
                at[count], group[count] = i, number[i]
                count += 1
        for n in range(2, LAST + 1):
            count = _step(n, end, count, at, group, pairs, times, first, slots)
            if n > LAST_TOP and dclm:
                duplicated[text, n - LAST_TOP - 1] = _covered(n, count, at, sums)
            elif n > LAST_TOP:
                mark = (text + 1) * LAST + n
                found = _copies(n, count, at, group, seen, mark, sums)
                duplicated[text, n - LAST_TOP - 1] = found
            elif count:
                top[text, n - 2] = _commonest(n, count, at, group, times, first, sums, dclm)
            elif begin + n <= end and not dclm:
                # Where nothing repeats, the commonest is the first of the text.
                top[text, n - 2] = sums[begin + n] - sums[begin] + n - 1
    return top, duplicated
