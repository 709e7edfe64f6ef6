"""Things looked for in one pass over the code points of a batch, and counted per span."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from archive.signals.hashing import Positions
from archive.signals.kernels.compiled import kernel
from archive.signals.unicode import SENTENCE, SPACE

Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint32]

CLOSERS_AFTER = 3  # quotes and brackets that a sentence's end takes along


@kernel("int64[::1](uint8[::1], uint8)")
def without(flags: Bytes, bits: int) -> Positions:
    """Where code points with none of these flags stand."""
    count = 0
    for i in range(len(flags)):
        count += (flags[i] & bits) == 0
    found = np.empty(count, dtype=np.int64)
    at = 0
    for i in range(len(flags)):
        if (flags[i] & bits) == 0:
            found[at] = i
            at += 1
    return found


@kernel("int64[::1](uint32[::1], b1[::1])")
def among(codes: Codes, table: npt.NDArray[np.bool_]) -> Positions:
    """Where code points stand for which the table says so."""
    found = np.empty(len(codes), dtype=np.int64)
    count = 0
    for i in range(len(codes)):
        if table[codes[i]]:
            found[count] = i
            count += 1
    return found[:count].copy()


@kernel("int64[::1](uint8[::1], uint8, int64[::1], int64[::1])")
def counted(flags: Bytes, bits: int, starts: Positions, ends: Positions) -> Positions:
    """How many code points of each span have one of these flags."""
    found = np.zeros(len(starts), dtype=np.int64)
    for k in range(len(starts)):
        count = 0
        for flag in flags[starts[k] : ends[k]]:
            count += (flag & bits) != 0
        found[k] = count
    return found


@kernel("int64[:,::1](uint32[::1], uint8[::1], int64, int64[::1], int64[::1])")
def classes(
    codes: Codes, table: Bytes, number: int, starts: Positions, ends: Positions
) -> npt.NDArray[np.int64]:
    """How many code points of each span are of each class; `table` has the class of every one."""
    found = np.zeros((len(starts), number), dtype=np.int64)
    # Four counts, added up at the end: neighbours are of one class, and would wait for each other.
    counts = np.zeros((4, number), dtype=np.int64)
    for k in range(len(starts)):
        counts[:] = 0
        for i in range(starts[k], ends[k]):
            counts[i & 3, table[codes[i]]] += 1
        for c in range(number):
            found[k, c] = counts[0, c] + counts[1, c] + counts[2, c] + counts[3, c]
    return found


@kernel("int64[::1](int64[::1], int64[::1])")
def ranks(positions: Positions, places: Positions) -> Positions:
    """How many positions are before each place; both are sorted."""
    found = np.empty(len(places), dtype=np.int64)
    at = 0
    for k in range(len(places)):
        while at < len(positions) and positions[at] < places[k]:
            at += 1
        found[k] = at
    return found


@kernel("int64[::1](uint32[::1], uint8[::1], b1[::1], b1[::1])")
def stops(
    codes: Codes, flags: Bytes, closers: npt.NDArray[np.bool_], wide: npt.NDArray[np.bool_]
) -> Positions:
    """The last position of every sentence that a mark ends (archive.signals.words.stops).

    `closers` and `wide` say of every code point whether it closes quotes or brackets, and whether
    it is a mark that no white space follows.
    """
    found = np.empty(len(codes), dtype=np.int64)
    count = after = 0
    inside = False
    for i in range(len(codes)):
        if flags[i] & SENTENCE:
            inside, after = True, 0
        elif inside and after < CLOSERS_AFTER and closers[codes[i]]:
            after += 1
        elif inside:
            inside = False
            if flags[i] & SPACE or wide[codes[i - 1]]:
                found[count] = i - 1
                count += 1
    return found[:count].copy()


@kernel("int64[::1](uint32[::1], int64[::1], int64)")
def dots(codes: Codes, points: Positions, step: int) -> Positions:
    """Where three of these points stand `step` apart, spaces between; without overlaps."""
    found = np.empty(len(points), dtype=np.int64)
    count = free = 0
    for k in range(len(points) - 2):
        at = points[k]
        if at < free or points[k + 1] != at + step or points[k + 2] != at + 2 * step:
            continue
        if step > 1 and (codes[at + 1] != 32 or codes[at + 3] != 32):
            continue
        found[count] = at
        count += 1
        free = at + 2 * step + 1
    return found[:count].copy()


@kernel("Tuple((int64[::1], int64[::1]))(uint32[::1], uint8[::1], uint32[::1], int64[::1])")
def places(
    codes: Codes, pairs: Bytes, needles: Codes, bounds: Positions
) -> tuple[Positions, Positions]:
    """Where needles stand, in order, and which one of them.

    Needle k is bounds[k] to bounds[k + 1] of `needles`, ASCII at its start; pairs[a * 128 + b] is
    1 more than the first needle that begins with a and b, and 0 where none does.
    """
    starts = np.empty(len(codes) // 2 + 1, dtype=np.int64)
    which = np.empty(len(codes) // 2 + 1, dtype=np.int64)
    count = 0
    for i in range(len(codes) - 1):
        if codes[i] >= 128 or codes[i + 1] >= 128:
            continue
        first = pairs[codes[i] * 128 + codes[i + 1]]
        if not first:
            continue
        for needle in range(first - 1, len(bounds) - 1):
            begin, size = bounds[needle], bounds[needle + 1] - bounds[needle]
            room, same = min(size, len(codes) - i), 0
            while same < room and codes[i + same] == needles[begin + same]:
                same += 1
            if same < size:
                continue
            starts[count], which[count] = i, needle
            count += 1
    return starts[:count].copy(), which[:count].copy()


@kernel("Tuple((int64[::1], int64[::1]))(uint32[::1], b1[::1], int64, int64, int64)")
def digit_runs(
    codes: Codes, table: npt.NDArray[np.bool_], widest: int, digits: int, others: int
) -> tuple[Positions, Positions]:
    """From the first ASCII digit to the last of runs of digits and what the table says.

    One digit is at most `widest` code points after another of its run. Runs of fewer digits, or
    with fewer of what else is in the table, are left out.
    """
    starts = np.empty(len(codes) // max(digits, 1) + 1, dtype=np.int64)
    ends = np.empty(len(starts), dtype=np.int64)
    count = seen = between = start = 0
    last = -widest - 1
    allowed = False
    for i in range(len(codes)):
        if not 48 <= codes[i] < 58:
            allowed = allowed and table[codes[i]]
            continue
        if allowed and i - last <= widest:
            between += i - last - 1
        else:
            if seen >= digits and between >= others:
                starts[count], ends[count] = start, last + 1
                count += 1
            seen, between, start = 0, 0, i
        seen += 1
        last, allowed = i, True
    if seen >= digits and between >= others:
        starts[count], ends[count] = start, last + 1
        count += 1
    return starts[:count].copy(), ends[:count].copy()
