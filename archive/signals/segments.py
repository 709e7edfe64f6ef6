"""Where words begin: UAX #29 (Unicode 18, section 4.1.1) as tables over Word_Break classes."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from archive.signals.unicode import WORD_BREAK

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

# Which neighbours always stay together: rules WB5, 7a, 8-10, 13, 13a and 13b.
PAIRS: Final = (
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
ABSORBED: Final = _members("Extend", "Format", "ZWJ")

BREAK, JOIN, ASK = 0, 1, 2


def _joined() -> Mask:
    table = np.zeros((COUNT, COUNT), dtype=bool)
    for before, after in PAIRS:
        table |= np.outer(_members(*before), _members(*after))
    return table


def _verdicts() -> Classes:
    table = np.where(JOINED, JOIN, BREAK).astype(np.uint8)
    table[NUMBER["WSegSpace"], NUMBER["WSegSpace"]] = JOIN  # WB3d
    # What has to be looked at around: marks that are absorbed, points inside words, flags.
    middles = MID_LETTER | MID_NUMBER | _members("Double_Quote")
    pairs = np.outer(middles, AHLETTER | _members("Numeric"))
    table[pairs | pairs.T] = ASK
    table[NUMBER["Regional_Indicator"], NUMBER["Regional_Indicator"]] = ASK
    table[ABSORBED, :] = ASK
    table[:, ABSORBED] = JOIN  # WB4
    table[NEWLINES, :] = BREAK  # WB3a
    table[:, NEWLINES] = BREAK  # WB3b
    table[NUMBER["CR"], NUMBER["LF"]] = JOIN  # WB3
    return table


JOINED: Final = _joined()
VERDICTS: Final = _verdicts()
"""For the classes of two neighbours: BREAK or JOIN, or ASK where those around them decide."""
