"""A batch of texts, cut once into lines, words and tokens that every family of signals shares.

The texts are laid end to end as code points with a line feed after each, so that one pass of
array operations serves the whole batch. Nothing computed here for one text depends on another.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from archive.signals.groups import Groups
from archive.signals.hashing import Hashes, Positions, of_words
from archive.signals.kernels import cut, scan
from archive.signals.kernels.hashes import of_spans, wanted
from archive.signals.spans import Mask, Spans, running
from archive.signals.unicode import ALNUM, ALPHA, MARK, SPACE, one_of, properties

PLAIN: Final = ALNUM | SPACE | MARK
"""What most code points are one of: signs are the others."""

NEEDLES: Final = (
    "http://",
    "https://",
    "www.",
    "cookie",
    "javascript",
    "lorem ipsum",
    "privacy policy",
    "terms of use",
)
"""Strings that many rules look for, found in one pass; none overlaps itself."""


class View:
    """Texts of a batch as arrays. `begins` and `ends` bound each text within `codes`."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self.sizes = np.array([len(text) for text in texts], dtype=np.int64)
        joined = "\n".join(texts) + "\n"
        encoded = bytearray(joined.encode("utf-32-le", "surrogatepass"))
        self.codes = np.frombuffer(encoded, dtype=np.uint32)
        self.ends = np.cumsum(self.sizes + 1) - 1
        self.begins = self.ends - self.sizes
        self.raw = joined
        self.found: dict[str, Positions] = {}

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def _looked_up(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint32]]:
        table = properties()
        return cut.looked_up(self.codes, table.flags, table.lower)

    @property
    def flags(self) -> npt.NDArray[np.uint8]:
        return self._looked_up[0]

    @property
    def lowered(self) -> npt.NDArray[np.uint32]:
        return self._looked_up[1]

    @cached_property
    def lower(self) -> str:
        """`raw` in lower case, code point for code point."""
        return self.lowered.tobytes().decode("utf-32-le", "surrogatepass")

    def having(self, flag: int) -> Mask:
        """Which code points have this flag."""
        mask: Mask = (self.flags & flag) != 0
        return mask

    @cached_property
    def _signs(self) -> tuple[Positions, npt.NDArray[np.uint32]]:
        """Where neither letters, numbers, marks on them nor white space stand; what does."""
        positions = scan.without(self.flags, PLAIN)
        return positions, self.codes[positions]

    @cached_property
    def _cut(self) -> tuple[Spans, npt.NDArray[np.uint8], Hashes, Hashes]:
        begins = cut.boundaries(self.codes, self.flags, properties().word_break)
        starts, ends, flags, hashes, lower = cut.tokens(
            self.codes, self.lowered, self.flags, begins
        )
        return self.spans(starts, ends), flags, hashes, lower

    @property
    def tokens(self) -> Spans:
        """UAX #29 segments other than white space: words, and runs of one same mark.

        UAX #29 leaves every mark alone; "....." or "=====" is one token to the tokenizers that the
        peers' rules were tuned with.
        """
        return self._cut[0]

    @property
    def token_flags(self) -> npt.NDArray[np.uint8]:
        """The flags of each token's code points, joined by `or`."""
        return self._cut[1]

    @cached_property
    def worded(self) -> Mask:
        """Which tokens are words: those with a letter or a number in them."""
        mask: Mask = (self.token_flags & ALNUM) != 0
        return mask

    @cached_property
    def words(self) -> Spans:
        return self.tokens.where(self.worded)

    @property
    def token_hashes(self) -> Hashes:
        return self._cut[2]

    @cached_property
    def token_groups(self) -> Groups:
        """Equal tokens of each text, brought together."""
        return Groups(self.token_hashes, self.tokens.bounds)

    @cached_property
    def lower_word_hashes(self) -> Hashes:
        return self._cut[3][self.worded]

    @cached_property
    def word_groups(self) -> Groups:
        """Equal lower-cased words of each text, brought together."""
        return Groups(self.lower_word_hashes, self.words.bounds)

    @cached_property
    def _pieces(self) -> tuple[Spans, npt.NDArray[np.uint8]]:
        starts, ends, flags = cut.pieces(self.flags)
        return self.spans(starts, ends), flags

    @property
    def pieces(self) -> Spans:
        """What str.split() gives: maximal stretches without white space."""
        return self._pieces[0]

    @cached_property
    def lettered(self) -> Mask:
        """Which pieces have a letter in them."""
        mask: Mask = (self._pieces[1] & ALPHA) != 0
        return mask

    @cached_property
    def lines(self) -> Spans:
        """What text.split("\\n") gives, empty lines and all."""
        ends = np.flatnonzero(self.codes == 10)
        return self.spans(np.concatenate(([0], ends[:-1] + 1)), ends)

    @cached_property
    def line_hashes(self) -> Hashes:
        return self.hashes(self.lines)

    def lines_with(self, words: str) -> Positions:
        """The lines in which one of these lower-case words (separated by spaces) stands."""
        found = self.words.starts[wanted(self.lower_word_hashes, of_words(words))]
        return np.unique(np.searchsorted(self.lines.ends, found))

    @cached_property
    def stripped(self) -> Spans:
        """The lines without white space at their ends."""
        return self.strip(self.lines)

    @cached_property
    def stripped_hashes(self) -> Hashes:
        return self.hashes_like(self.stripped, self.lines, self.line_hashes)

    def spans(self, starts: Positions, ends: Positions) -> Spans:
        """Spans in order, each with the text it lies in."""
        bounds = np.concatenate(([0], np.searchsorted(starts, self.ends, side="right")))
        return Spans(starts, ends, bounds)

    def document_of(self, positions: Positions) -> Positions:
        return np.searchsorted(self.ends, positions)

    def strip(self, spans: Spans) -> Spans:
        """The spans without white space at either end; an empty one stands at its own end."""
        return Spans(*cut.stripped(spans.starts, spans.ends, self.flags), spans.bounds)

    def find(self, needle: str) -> Positions:
        """Where a lower-case needle stands in the lower-cased texts, without overlaps."""
        if needle in NEEDLES and needle not in self.found:
            self.found |= self._needles()
        if needle not in self.found:
            self.found[needle] = _find(self.lower, needle)
        return self.found[needle]

    def _needles(self) -> dict[str, Positions]:
        positions, which = scan.places(self.lowered, *_prepared(NEEDLES))
        return {needle: positions[which == i] for i, needle in enumerate(NEEDLES)}

    def marks(self, characters: str) -> Positions:
        """Where one of these characters stands in the texts as they are."""
        if characters not in self.found:
            wanted_here = one_of(characters)
            if any(properties().flags[ord(character)] & PLAIN for character in characters):
                self.found[characters] = scan.among(self.codes, wanted_here)
            else:
                positions, codes = self._signs
                self.found[characters] = positions[scan.among(codes, wanted_here)]
        return self.found[characters]

    def dots(self, step: int) -> Positions:
        """Where "..." (step 1) or ". . ." (step 2) begins, without overlaps, as str.count."""
        return scan.dots(self.codes, self.marks("."), step)

    def per_text(self, positions: Positions) -> Positions:
        """How many of the (sorted) positions lie in each text."""
        return np.searchsorted(positions, self.ends) - np.searchsorted(positions, self.begins)

    def summed(self, found: Iterable[Positions]) -> Positions:
        """How many of all these positions lie in each text."""
        counts = np.zeros(len(self), dtype=np.int64)
        for positions in found:
            counts += self.per_text(positions)
        return counts

    def per_span(self, positions: Positions, spans: Spans) -> Positions:
        """How many of the (sorted) positions lie in each span."""
        return scan.ranks(positions, spans.ends) - scan.ranks(positions, spans.starts)

    def flagged(self, spans: Spans, flag: int) -> Positions:
        """How many code points of each span have this flag."""
        return scan.counted(self.flags, flag, spans.starts, spans.ends)

    def count(self, spans: Spans, mask: Mask | None = None) -> Positions:
        """How many of the spans (where the mask is true) each text has."""
        if mask is None:
            return np.diff(spans.bounds)
        return self.within(spans.bounds, mask)

    def within(self, bounds: Positions, mask: Mask) -> Positions:
        """How often the mask is true from each of the bounds to the next."""
        return np.diff(np.searchsorted(np.flatnonzero(mask), bounds))

    def total(self, spans: Spans, values: npt.NDArray[np.integer]) -> Positions:
        """The sum of integer values over each text's spans, exactly."""
        return np.diff(running(values)[spans.bounds])

    def most(self, bounds: Positions, values: Positions) -> Positions:
        """The largest of each text's values, bounds[i] to bounds[i + 1]; 0 for none."""
        best = np.zeros(len(self), dtype=np.int64)
        filled = np.flatnonzero(np.diff(bounds))
        if len(filled):
            best[filled] = np.maximum.reduceat(values, bounds[filled])
        return best

    def hashes(self, spans: Spans) -> Hashes:
        return of_spans(self.codes, spans.starts, spans.ends)

    def hashes_like(self, spans: Spans, others: Spans, known: Hashes) -> Hashes:
        """Hashes of spans, of which many are others with known hashes."""
        if not len(others):
            return self.hashes(spans)
        at = np.minimum(np.searchsorted(others.starts, spans.starts), len(others) - 1)
        hashes = known[at]
        new = np.flatnonzero((spans.starts != others.starts[at]) | (spans.ends != others.ends[at]))
        hashes[new] = of_spans(self.codes, spans.starts[new], spans.ends[new])
        return hashes

    def lower_hashes(self, spans: Spans) -> Hashes:
        return of_spans(self.lowered, spans.starts, spans.ends)


@cache
def _prepared(needles: tuple[str, ...]) -> tuple[npt.NDArray[Any], ...]:
    """What scan.places asks for."""
    pairs = np.zeros(128 * 128, dtype=np.uint8)
    for i in reversed(range(len(needles))):
        pairs[ord(needles[i][0]) * 128 + ord(needles[i][1])] = i + 1
    codes = np.array([ord(character) for character in "".join(needles)], dtype=np.uint32)
    return pairs, codes, np.cumsum([0, *map(len, needles)])


def _find(text: str, needle: str) -> Positions:
    found = []
    at = text.find(needle)
    while at >= 0:
        found.append(at)
        at = text.find(needle, at + len(needle))
    return np.array(found, dtype=np.int64)
