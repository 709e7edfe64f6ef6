"""Texts as the letters that any encoding of them has, and the hashes of their passages.

Two texts are compared by their letters alone. Character references are decoded and markup is taken
out (comments, the contents of <script> and <style>, and tags: `<` with a letter, `/` or `!` behind
it, up to the next `>`), unless there is nothing else. The rest is normalised to NFKC, case-folded,
normalised again, and of that everything but letters and digits (general categories L and N, Unicode
table of archive.signals) falls away: white space, punctuation, marks of Markdown, accents that no
letter absorbs. A dotless i counts as an i, since capitals lose the difference.

The table is frozen; the normalisation and folding are those of the Python that runs, which agree
between versions for every character that both know.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from archive.audit.options import Matching
from archive.audit.spans import Prefix
from archive.signals.hashing import Hashes, Positions, mix
from archive.signals.unicode import ALNUM, properties

NONE: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
"""No passage begins here."""

# Keys of different kinds share one index.
PASSAGE: Final = np.uint64(0x70617373)  # "pass"
WHOLE: Final = np.uint64(0x77686F6C65)  # "whole"
BAND: Final = np.uint64(0x62616E64)  # "band"

_TAG: Final = re.compile(r"<!--|<(?:[A-Za-z/!])[^<>]*>")
_ENDS: Final = {
    "<!--": re.compile("-->"),
    "<script": re.compile(r"</script\s*>", re.IGNORECASE),
    "<style": re.compile(r"</style\s*>", re.IGNORECASE),
}
"""What is dropped with all that it holds, if it is ever closed."""


def plain(text: str) -> str:
    """The text without character references and markup, normalised and folded."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        bare = _without_markup(text)
        text = bare if any(map(str.isalnum, bare)) else text
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).replace("\u0131", "i")


def _without_markup(text: str) -> str:
    """The text with a space for each tag, comment, script and style sheet."""
    pieces: list[str] = []
    at = 0
    open_ended: set[str] = set()  # looked for once to the end of the text, and not found
    for found in _TAG.finditer(text):
        if found.start() < at:
            continue
        pieces.append(text[at : found.start()])
        at = found.end()
        kind = re.match("<!--|<[a-z]*", found[0].lower())[0]  # type: ignore[index]
        if kind in _ENDS and kind not in open_ended:
            if end := _ENDS[kind].search(text, at):
                at = end.end()
            else:
                open_ended.add(kind)
    return " ".join([*pieces, text[at:]])


@dataclass(frozen=True)
class Letters:
    """The letters of a batch of texts end to end; those of text i are bounds[i] to bounds[i + 1].

    No value of one text depends on another: passages that would reach into the next text are none.
    """

    codes: npt.NDArray[np.uint32]
    bounds: Positions

    @classmethod
    def of(cls, texts: list[str]) -> Letters:
        normal = [plain(text) for text in texts]
        joined = "".join(normal).encode("utf-32-le", "surrogatepass")
        codes = np.frombuffer(joined, dtype=np.uint32)
        kept = (properties().flags[codes.astype(np.intp)] & ALNUM) != 0
        ends = np.cumsum([len(text) for text in normal], dtype=np.int64)
        sums = np.concatenate(([0], np.cumsum(kept)))
        return cls(codes[kept], np.concatenate(([0], sums[ends])))

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @cached_property
    def sizes(self) -> Positions:
        """Letters of each text."""
        return np.diff(self.bounds)

    @cached_property
    def _prefix(self) -> Prefix:
        return Prefix(self.codes)

    def wholes(self) -> Hashes:
        """The key of each text's letters, all of them."""
        hashes = self._prefix.spans(self.bounds[:-1], self.bounds[1:])
        return mix(hashes ^ WHOLE)

    def passages(self, matching: Matching) -> tuple[Positions, Hashes]:
        """Where the chosen passages begin within `codes`, in order, and their keys.

        Chosen are the smallest hashes of each `window` passages in a row, and by the shorter
        windows at its ends the first and the last passage of every text that has one.
        """
        size = matching.letters
        count = len(self.codes) - size + 1
        if count <= 0:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
        hashes = self._prefix.windows(size)
        for end in self.bounds[1:-1]:
            hashes[max(0, int(end) - size + 1) : int(end)] = NONE
        chosen = np.flatnonzero(_winnowed(hashes, matching.window))
        # The smallest hashes crowd together: mixed again, they fill ranges of keys evenly.
        return chosen, mix(hashes[chosen] ^ PASSAGE)


def _winnowed(hashes: Hashes, window: int) -> npt.NDArray[np.bool_]:
    """Which hashes are the smallest of some `window` in a row, ends being padded with NONE."""
    edge = np.full(window - 1, NONE, dtype=np.uint64)
    least = _slide(np.concatenate((edge, hashes, edge)), window, np.minimum)
    # Every window's minimum is at most the hash, so the largest of them says if one equals it.
    equal = _slide(least, window, np.maximum) == hashes
    mask: npt.NDArray[np.bool_] = equal & (hashes != NONE)
    return mask


def _slide(values: Hashes, window: int, pick: np.ufunc) -> Hashes:
    """The smallest or largest of each `window` values in a row, by doubling."""
    span = 1
    while span < window:
        step = min(span, window - span)
        values = pick(values[:-step], values[step:])
        span += step
    return values


def covered(starts: Positions, size: int, letters: Letters) -> Positions:
    """How many letters of each text lie in one of the passages of `size` letters at `starts`."""
    change = np.zeros(len(letters.codes) + 1, dtype=np.int32)
    change[starts] += 1
    change[starts + size] -= 1
    sums = np.concatenate(([0], np.cumsum(np.cumsum(change[:-1]) > 0)))
    return np.diff(sums[letters.bounds])
