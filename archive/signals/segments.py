"""Where words begin: UAX #29 word boundaries of a whole array of code points at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from archive.signals.hashing import Positions
from archive.signals.unicode import PICTOGRAPH, WORD_BREAK, properties

Classes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

NUMBER: Final = {name: i for i, name in enumerate(WORD_BREAK)}
COUNT: Final = len(WORD_BREAK)
LETTERS: Final = ("ALetter", "Hebrew_Letter")


def _members(*names: str) -> Mask:
    table = np.zeros(COUNT, dtype=bool)
    table[[NUMBER[name] for name in names]] = True
    return table


BODY: Final = (*LETTERS, "Numeric")

# Which neighbours always stay together: rules WB3, 3d, 5, 7a, 8-10, 13, 13a and 13b.
PAIRS: Final = (
    (("CR",), ("LF",)),
    (("WSegSpace",), ("WSegSpace",)),
    (BODY, BODY),
    (("Hebrew_Letter",), ("Single_Quote",)),
    (("Katakana",), ("Katakana",)),
    ((*BODY, "Katakana", "ExtendNumLet"), ("ExtendNumLet",)),
    (("ExtendNumLet",), (*BODY, "Katakana")),
)

MID_LETTER: Final = _members("MidLetter", "MidNumLet", "Single_Quote")
MID_NUMBER: Final = _members("MidNum", "MidNumLet", "Single_Quote")
AHLETTER: Final = _members(*LETTERS)
NEWLINES: Final = _members("CR", "LF", "Newline")

ABSORBED, MIDDLE, FLAG = 1, 2, 4
SPECIAL: Final = {
    ABSORBED: ("Extend", "Format", "ZWJ"),
    MIDDLE: ("MidLetter", "MidNum", "MidNumLet", "Single_Quote", "Double_Quote"),
    FLAG: ("Regional_Indicator",),
}


@dataclass(frozen=True)
class Rules:
    """Per code point: its bit for each of PAIRS, on the left and on the right, and SPECIAL bits."""

    left: Classes
    right: Classes
    special: Classes


@cache
def _rules() -> Rules:
    left, right, special = (np.zeros(COUNT, dtype=np.uint8) for _ in range(3))
    for bit, (before, after) in enumerate(PAIRS):
        left[_members(*before)] |= 1 << bit
        right[_members(*after)] |= 1 << bit
    for mark, names in SPECIAL.items():
        special[_members(*names)] |= mark
    classes = properties().word_break
    return Rules(left[classes], right[classes], special[classes])


def boundaries(index: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """The first position of every segment of these code points, in order (Unicode 18, UAX #29)."""
    if not len(index):
        return np.zeros(0, dtype=np.int64)
    special = _rules().special[index]
    absorbed = (special & ABSORBED) != 0
    if not absorbed.any():
        return np.flatnonzero(~_joined(index, special))
    # WB4: marks belong to what they follow, unless that is the start of text or a new line.
    classes = properties().word_break[index]
    kept = ~absorbed
    kept[0] = True
    kept[1:] |= NEWLINES[classes[:-1]] & absorbed[1:]
    base = np.flatnonzero(kept)
    joined = _joined(index[base], special[base])
    _split_spaces(joined, classes[base], base)
    # WB3c: an emoji sequence stays together.
    after = base[1:][classes[base[1:] - 1] == NUMBER["ZWJ"]]
    pictures = after[(properties().flags[index[after]] & PICTOGRAPH) != 0]
    joined[np.searchsorted(base, pictures)] = True
    return base[~joined]


def _joined(index: npt.NDArray[np.intp], special: Classes) -> Mask:
    """Which positions the rules from WB5 on join to the one before."""
    rules = _rules()
    joined = np.zeros(len(index), dtype=bool)
    joined[1:] = (rules.left[index[:-1]] & rules.right[index[1:]]) != 0
    _join_across_middles(joined, index, np.flatnonzero((special & MIDDLE) != 0))
    _join_flags(joined, np.flatnonzero((special & FLAG) != 0))
    return joined


def _split_spaces(joined: Mask, kinds: Classes, base: npt.NDArray[np.int64]) -> None:
    """WB3d joins spaces only where nothing, not even a mark, stands between them."""
    apart = np.flatnonzero(np.diff(base) > 1) + 1
    joined[apart[kinds[apart] == NUMBER["WSegSpace"]]] = False


def _join_across_middles(joined: Mask, index: npt.NDArray[np.intp], middle: Positions) -> None:
    """WB6-7c, 11 and 12: an apostrophe or point inside a word or number."""
    middle = middle[(middle > 0) & (middle < len(index) - 1)]
    classes = properties().word_break
    before, at, after = (classes[index[middle + step]] for step in (-1, 0, 1))
    hebrew, number = NUMBER["Hebrew_Letter"], NUMBER["Numeric"]
    inside = MID_LETTER[at] & AHLETTER[before] & AHLETTER[after]
    inside |= MID_NUMBER[at] & (before == number) & (after == number)
    inside |= (at == NUMBER["Double_Quote"]) & (before == hebrew) & (after == hebrew)
    joined[middle[inside]] = True
    joined[middle[inside] + 1] = True


def _join_flags(joined: Mask, flags: Positions) -> None:
    """WB15-16: regional indicators pair up from the start of their run."""
    if len(flags):
        first = np.ones(len(flags), dtype=bool)
        first[1:] = np.diff(flags) > 1
        order = np.arange(len(flags))
        since = order - np.maximum.accumulate(np.where(first, order, 0))
        joined[flags[since % 2 == 1]] = True
