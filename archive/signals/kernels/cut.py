"""Texts cut in one pass each: tokens by UAX #29, what white space separates, stripped spans."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from archive.signals.hashing import Hashes, Positions
from archive.signals.kernels.compiled import helper, kernel
from archive.signals.kernels.hashes import FACTOR, ONE, ZERO, finished, of_span
from archive.signals.segments import (
    ABSORBED,
    AHLETTER,
    ASK,
    BREAK,
    JOINED,
    MID_LETTER,
    MID_NUMBER,
    NEWLINES,
    NUMBER,
    VERDICTS,
)
from archive.signals.unicode import ALNUM, PICTOGRAPH, SPACE

Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.uint32]

HEBREW: Final = NUMBER["Hebrew_Letter"]
NUMERIC: Final = NUMBER["Numeric"]
DOUBLE_QUOTE: Final = NUMBER["Double_Quote"]
FLAG: Final = NUMBER["Regional_Indicator"]
BLANK: Final = NUMBER["WSegSpace"]
ZWJ: Final = NUMBER["ZWJ"]


@kernel("Tuple((uint8[::1], uint32[::1]))(uint32[::1], uint8[::1], uint32[::1])")
def looked_up(codes: Codes, flags: Bytes, lower: Codes) -> tuple[Bytes, Codes]:
    """The flags and the lower case of every code point."""
    found = np.empty(len(codes), dtype=np.uint8)
    lowered = np.empty(len(codes), dtype=np.uint32)
    for i in range(len(codes)):
        found[i] = flags[codes[i]]
        lowered[i] = lower[codes[i]]
    return found, lowered


@helper
def _invisible(code: int) -> bool:
    """Code points that show nothing: no token, although UAX #29 cuts them off as segments."""
    return 0x200B <= code <= 0x200F or code == 0x2060 or code == 0xFEFF


@helper
def _next_class(codes: Codes, at: int, classes: Bytes) -> int:
    """The class of what comes after this code point, past what that absorbs."""
    for i in range(at + 1, len(codes)):
        kind = classes[codes[i]]
        if not ABSORBED[kind]:
            return int(kind)
    return 0


@helper
def _asked(codes: Codes, i: int, classes: Bytes, before2: int, before: int, flags: int) -> bool:
    """Whether code point i joins what is before it, where the two neighbours do not decide.

    `before` and `before2` are the classes of the last two that nothing absorbed, `flags` how many
    regional indicators end there.
    """
    here = classes[codes[i]]
    if JOINED[before, here]:
        return True
    if AHLETTER[here] and MID_LETTER[before] and AHLETTER[before2]:  # WB7
        return True
    if here == NUMERIC and MID_NUMBER[before] and before2 == NUMERIC:  # WB11
        return True
    if here == HEBREW and before == DOUBLE_QUOTE and before2 == HEBREW:  # WB7c
        return True
    if here == FLAG and before == FLAG:  # WB15, 16
        return flags % 2 == 1
    if MID_LETTER[here] and AHLETTER[before] and AHLETTER[_next_class(codes, i, classes)]:  # WB6
        return True
    if MID_NUMBER[here] and before == NUMERIC:  # WB12
        return _next_class(codes, i, classes) == NUMERIC
    if here == DOUBLE_QUOTE and before == HEBREW:  # WB7b
        return _next_class(codes, i, classes) == HEBREW
    return False


@kernel("uint8[::1](uint32[::1], uint8[::1], uint8[::1])")
def boundaries(codes: Codes, flags: Bytes, classes: Bytes) -> Bytes:
    """Which code points begin a segment. `classes` is Word_Break of every code point."""
    begins = np.zeros(len(codes), dtype=np.uint8)
    left = before = before2 = indicators = 0
    for i in range(len(codes)):
        here = classes[codes[i]]
        verdict = VERDICTS[left, here] if i else BREAK
        if verdict == ASK:
            if left == ZWJ and flags[i] & PICTOGRAPH:  # WB3c
                verdict = 1
            else:
                verdict = _asked(codes, i, classes, before2, before, indicators)
        begins[i] = verdict == 0
        # WB4: a mark belongs to what it follows, unless that is the start of text or a new line.
        absorbed = ABSORBED[here] and i > 0 and not NEWLINES[left]
        left = here
        if not absorbed:
            before2, before = before, 0 if ABSORBED[here] else here
            indicators = indicators + 1 if here == FLAG else 0
    return begins


TOKENS = "Tuple((int64[::1], int64[::1], uint8[::1], uint64[::1], uint64[::1]))"


@kernel(f"{TOKENS}(uint32[::1], uint32[::1], uint8[::1], uint8[::1])")
def tokens(
    codes: Codes, lowered: Codes, flags: Bytes, begins: Bytes
) -> tuple[Positions, Positions, Bytes, Hashes, Hashes]:
    """Segments that show something, a run of one same mark as one.

    Of each: start, end, its code points' flags joined by `or`, its hash and that of its lower case.
    """
    count = 0
    for i in range(len(codes)):
        count += begins[i]
    starts, ends = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    joined = np.empty(count, dtype=np.uint8)
    hashes, lower = np.empty(count, dtype=np.uint64), np.empty(count, dtype=np.uint64)
    number = at = 0
    repeats = False
    total, power, either, differs = ZERO, ONE, np.uint8(0), np.uint32(0)
    for i in range(len(codes) + 1):
        if i == len(codes) or (begins[i] and not (repeats and codes[i] == codes[at])):
            if i > 0 and not flags[at] & SPACE and not _invisible(codes[at]):
                starts[number], ends[number], joined[number] = at, i, either
                hashes[number] = finished(total, i - at)
                lower[number] = of_span(lowered, at, i) if differs else hashes[number]
                number += 1
            if i == len(codes):
                break
            at = i
            # A run of one same mark goes on through segments of it alone.
            repeats = not flags[i] & (ALNUM | SPACE)
            total, power, either, differs = ZERO, ONE, np.uint8(0), np.uint32(0)
        elif not begins[i]:
            repeats = False
        total += (np.uint64(codes[i]) + ONE) * power
        power *= FACTOR
        either |= flags[i]
        differs |= codes[i] ^ lowered[i]
    return starts[:number], ends[:number], joined[:number], hashes[:number], lower[:number]


@kernel("Tuple((int64[::1], int64[::1], uint8[::1]))(uint8[::1])")
def pieces(flags: Bytes) -> tuple[Positions, Positions, Bytes]:
    """Maximal stretches without white space, in a batch that ends in some: start, end, flags."""
    most = len(flags) // 2 + 1
    starts, ends = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    joined = np.empty(most, dtype=np.uint8)
    number = 0
    inside = False
    either = np.uint8(0)
    for i in range(len(flags)):
        if not flags[i] & SPACE:
            if not inside:
                starts[number], either, inside = i, np.uint8(0), True
            either |= flags[i]
        elif inside:
            ends[number], joined[number], inside = i, either, False
            number += 1
    return starts[:number], ends[:number], joined[:number]


@kernel("Tuple((int64[::1], int64[::1]))(int64[::1], int64[::1], uint8[::1])")
def stripped(starts: Positions, ends: Positions, flags: Bytes) -> tuple[Positions, Positions]:
    """Spans without white space at either end; an empty one stands at its own end."""
    first, last = starts.copy(), ends.copy()
    for i in range(len(starts)):
        while first[i] < ends[i] and flags[first[i]] & SPACE:
            first[i] += 1
        if first[i] < ends[i]:
            while flags[last[i] - 1] & SPACE:
                last[i] -= 1
    return first, last
