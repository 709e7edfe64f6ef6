"""Writes archive/signals/unicode.tsv, the frozen table of Unicode properties.

`python -m tests.signals.make_unicode` regenerates it from the properties of the `regex` package
and the simple lower-case mappings of this Python. The table is frozen so that no signal changes
with a new Python or a new `regex`.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import numpy as np
import numpy.typing as npt
import regex

from archive.signals.unicode import FLAGS, TABLE, WORD_BREAK

EVERY = "".join(map(chr, range(0x110000)))

FLAG_PATTERNS = {
    "alpha": r"\p{L}",
    "alnum": r"[\p{L}\p{N}]",
    "space": r"[\p{White_Space}\x1c-\x1f]",
    "upper": r"\p{Uppercase}",
    "digit": r"[\p{Numeric_Type=Decimal}\p{Numeric_Type=Digit}]",
    "sentence": r"\p{Sentence_Terminal}",
    "pictograph": r"\p{Extended_Pictographic}",
    "mark": r"\p{M}",
}


def runs(pattern: str) -> list[tuple[int, int]]:
    """Half-open ranges of the code points that match."""
    return [m.span() for m in regex.finditer(f"(?:{pattern})+", EVERY)]


def scripts() -> dict[str, str]:
    """ISO 15924 code to the pattern of its Unicode script."""
    _, values = regex._regex_core.PROPERTIES["SCRIPT"]
    codes: dict[int, str] = {}
    for name, value in values.items():
        if len(name) == 4 and name not in ("QAAI", "QAAC"):
            codes[value] = name.capitalize()
    return {code: rf"\p{{Script={code}}}" for code in codes.values()}


def table() -> str:
    size = len(EVERY)
    script = np.full(size, "Zzzz", dtype="U4")
    for code, pattern in scripts().items():
        for start, end in runs(pattern):
            script[start:end] = code
    word_break = np.full(size, "Other", dtype="U18")
    for name in WORD_BREAK[1:]:
        for start, end in runs(rf"\p{{Word_Break={name}}}"):
            word_break[start:end] = name
    flags = np.zeros(size, dtype=np.uint8)
    for name, bit in FLAGS.items():
        for start, end in runs(FLAG_PATTERNS[name]):
            flags[start:end] |= bit
    lower = np.zeros(size, dtype=np.int32)
    for point, character in enumerate(EVERY):
        # One code point for one: the only longer mapping is that of U+0130, to i and a dot above.
        lower[point] = ord(character.lower()[0]) - point
    return render(script, word_break, flags, lower)


def render(*columns: npt.NDArray[np.generic]) -> str:
    changed = np.zeros(len(columns[0]), dtype=bool)
    changed[0] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    lines = [f"# Unicode {version()}; start of run, script, word break, flags, lower-case offset"]
    for start in np.flatnonzero(changed):
        lines.append(f"{start:x}\t" + "\t".join(str(column[start]) for column in columns))
    return "\n".join(lines) + "\n"


def version() -> str:
    return f"18.0.0 (lower case {unicodedata.unidata_version})"


if __name__ == "__main__":
    Path(TABLE).write_text(table(), encoding="ascii")
    sys.stdout.write(f"{TABLE}: {Path(TABLE).stat().st_size} bytes\n")
