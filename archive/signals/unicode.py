"""The Unicode properties that signals rest on, from one frozen table.

`unicode.tsv` holds runs of code points with equal script, Word_Break class, flags and simple
lower-case mapping. Python's own tables differ between its versions, so none of them is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

TABLE: Final = Path(__file__).with_name("unicode.tsv")

WORD_BREAK: Final = (
    "Other",
    "CR",
    "LF",
    "Newline",
    "Extend",
    "Format",
    "ZWJ",
    "ALetter",
    "Hebrew_Letter",
    "Numeric",
    "Katakana",
    "ExtendNumLet",
    "MidLetter",
    "MidNum",
    "MidNumLet",
    "Single_Quote",
    "Double_Quote",
    "Regional_Indicator",
    "WSegSpace",
)
"""Word_Break property values (UAX #29, table 3), in the order of their numbers here."""

FLAGS: Final = {
    "alpha": 1,  # general category L, as str.isalpha
    "alnum": 2,  # L or N, as str.isalnum
    "space": 4,  # White_Space and U+001C..1F, as str.isspace
    "upper": 8,  # Uppercase, as str.isupper of one character
    "digit": 16,  # Numeric_Type Decimal or Digit, as str.isdigit
    "sentence": 32,  # Sentence_Terminal
    "pictograph": 64,  # Extended_Pictographic
    "mark": 128,  # general category M
}

ALPHA, ALNUM, SPACE, UPPER, DIGIT, SENTENCE, PICTOGRAPH, MARK = FLAGS.values()

UNSPACED: Final = ("Bali", "Java", "Kawi", "Maka", "Yiii")
"""Scripts written without spaces whose letters UAX #29 would join into one word. Thai, Lao, Khmer
and Myanmar, Han and Hiragana need no entry: Word_Break already leaves their letters apart."""


@dataclass(frozen=True, slots=True)
class Properties:
    """One entry per code point, 0 to 0x10FFFF."""

    version: str
    scripts: tuple[str, ...]  # ISO 15924 codes; `script` holds indexes into it
    script: npt.NDArray[np.uint8]
    word_break: npt.NDArray[np.uint8]  # indexes into WORD_BREAK, tailored for UNSPACED
    flags: npt.NDArray[np.uint8]
    lower: npt.NDArray[np.uint32]  # the simple lower-case mapping


@cache
def properties() -> Properties:
    """The table, unpacked (9 MB; 20 ms)."""
    head, *rows = TABLE.read_text(encoding="ascii").splitlines()
    starts, scripts, breaks, flags, lower = zip(*(row.split("\t") for row in rows), strict=True)
    bounds = np.array([int(start, 16) for start in starts] + [0x110000])
    lengths = np.diff(bounds)
    codes = tuple(sorted(set(scripts)))
    number = {code: i for i, code in enumerate(codes)}
    classes = {name: i for i, name in enumerate(WORD_BREAK)}
    unspaced = {(code, "ALetter") for code in UNSPACED}
    tailored = [
        classes["Other" if pair in unspaced else pair[1]]
        for pair in zip(scripts, breaks, strict=True)
    ]

    def unpack(values: list[int], kind: type[np.generic]) -> npt.NDArray[np.generic]:
        return np.repeat(np.array(values, dtype=kind), lengths)

    offsets = np.repeat(np.array([int(x) for x in lower], dtype=np.int64), lengths)
    return Properties(
        version=head.removeprefix("# Unicode ").split(";")[0],
        scripts=codes,
        script=unpack([number[code] for code in scripts], np.uint8),  # type: ignore[arg-type]
        word_break=unpack(tailored, np.uint8),  # type: ignore[arg-type]
        flags=unpack([int(x) for x in flags], np.uint8),  # type: ignore[arg-type]
        lower=(np.arange(0x110000) + offsets).astype(np.uint32),
    )


@cache
def one_of(characters: str) -> npt.NDArray[np.bool_]:
    """For every code point, whether it is one of these."""
    table = np.zeros(0x110000, dtype=bool)
    table[[ord(character) for character in characters]] = True
    return table
