"""Where words begin: UAX #29 word boundaries of a whole array of code points at once."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

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


def _pairs() -> Mask:
    """Which neighbours always stay together: rules WB3, 3d, 5, 7a, 8-10 and 13-13b."""
    joined = np.zeros((COUNT, COUNT), dtype=bool)
    body = (*LETTERS, "Numeric")
    rules: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
        (("CR",), ("LF",)),
        (("WSegSpace",), ("WSegSpace",)),
        (body, body),
        (("Hebrew_Letter",), ("Single_Quote",)),
        (("Katakana",), ("Katakana",)),
        ((*body, "Katakana", "ExtendNumLet"), ("ExtendNumLet",)),
        (("ExtendNumLet",), (*body, "Katakana")),
    ]
    for left, right in rules:
        joined |= _members(*left)[:, None] & _members(*right)[None, :]
    return joined.ravel()


PAIRS: Final = _pairs()
ABSORBED: Final = _members("Extend", "Format", "ZWJ")
NEWLINES: Final = _members("CR", "LF", "Newline")
AHLETTER: Final = _members(*LETTERS)
MIDDLES: Final = _members("MidLetter", "MidNum", "MidNumLet", "Single_Quote", "Double_Quote")
MID_LETTER: Final = _members("MidLetter", "MidNumLet", "Single_Quote")
MID_NUMBER: Final = _members("MidNum", "MidNumLet", "Single_Quote")


def boundaries(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """The first position of every segment of `codes`, in order (Unicode 18, UAX #29)."""
    if not len(codes):
        return np.zeros(0, dtype=np.int64)
    table = properties()
    classes = table.word_break[codes]
    absorbed = ABSORBED[classes]
    # WB4: marks belong to what they follow, unless that is the start of text or a new line.
    kept = ~absorbed
    kept[0] = True
    kept[1:] |= NEWLINES[classes[:-1]] & absorbed[1:]
    base = np.flatnonzero(kept)
    kinds = classes[base]
    kinds[absorbed[base]] = NUMBER["Other"]
    joined = np.zeros(len(base), dtype=bool)
    joined[1:] = PAIRS[kinds[:-1].astype(np.int16) * COUNT + kinds[1:]]
    _split_spaces(joined, kinds, base)
    _join_across_middles(joined, kinds)
    _join_flags(joined, kinds)
    pictures = np.flatnonzero(table.flags[codes[base]] & PICTOGRAPH)
    pictures = pictures[base[pictures] > 0]
    joined[pictures[classes[base[pictures] - 1] == NUMBER["ZWJ"]]] = True
    return base[~joined]


def _split_spaces(joined: Mask, kinds: Classes, base: npt.NDArray[np.int64]) -> None:
    """WB3d joins spaces only where nothing, not even a mark, stands between them."""
    apart = np.flatnonzero(np.diff(base) > 1) + 1
    joined[apart[kinds[apart] == NUMBER["WSegSpace"]]] = False


def _join_across_middles(joined: Mask, kinds: Classes) -> None:
    """WB6-7c, 11 and 12: an apostrophe or point inside a word or number."""
    middle = np.flatnonzero(MIDDLES[kinds])
    middle = middle[(middle > 0) & (middle < len(kinds) - 1)]
    before, at, after = kinds[middle - 1], kinds[middle], kinds[middle + 1]
    hebrew, number = NUMBER["Hebrew_Letter"], NUMBER["Numeric"]
    inside = MID_LETTER[at] & AHLETTER[before] & AHLETTER[after]
    inside |= MID_NUMBER[at] & (before == number) & (after == number)
    inside |= (at == NUMBER["Double_Quote"]) & (before == hebrew) & (after == hebrew)
    joined[middle[inside]] = True
    joined[middle[inside] + 1] = True


def _join_flags(joined: Mask, kinds: Classes) -> None:
    """WB15-16: regional indicators pair up from the start of their run."""
    flags = np.flatnonzero(kinds == NUMBER["Regional_Indicator"])
    if len(flags):
        first = np.ones(len(flags), dtype=bool)
        first[1:] = np.diff(flags) > 1
        order = np.arange(len(flags))
        since = order - np.maximum.accumulate(np.where(first, order, 0))
        joined[flags[since % 2 == 1]] = True
