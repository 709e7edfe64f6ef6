"""A batch of texts, cut once into lines, words and tokens that every family of signals shares.

The texts are laid end to end as code points with a line feed after each, so that one pass of
array operations serves the whole batch. Nothing computed here for one text depends on another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from archive.signals.groups import Groups
from archive.signals.hashing import Hashes, Positions, Prefix, mix, wanted
from archive.signals.segments import boundaries
from archive.signals.unicode import ALNUM, ALPHA, SPACE, one_of, properties

Mask = npt.NDArray[np.bool_]

INVISIBLE: Final = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Code points that show nothing: no token, although UAX #29 cuts them off as segments."""


@dataclass(frozen=True)
class Spans:
    """Stretches of the batch, in order; those of text i are bounds[i] to bounds[i + 1]."""

    starts: Positions
    ends: Positions
    bounds: Positions

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def lengths(self) -> Positions:
        return self.ends - self.starts

    @cached_property
    def document(self) -> Positions:
        """Whose each one is."""
        return np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))

    def where(self, mask: Mask) -> Spans:
        return self.at(np.flatnonzero(mask))

    def at(self, kept: Positions) -> Spans:
        """Those at these (sorted) places."""
        bounds = np.searchsorted(kept, self.bounds)
        return Spans(self.starts[kept], self.ends[kept], bounds)


class View:
    """Texts of a batch as arrays. `begins` and `ends` bound each text within `codes`."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self.sizes = np.array([len(text) for text in texts], dtype=np.int64)
        joined = "\n".join(texts) + "\n"
        self.codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        self.ends = np.cumsum(self.sizes + 1) - 1
        self.begins = self.ends - self.sizes
        self.raw = joined
        self.found: dict[str, Positions] = {}

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def index(self) -> Positions:
        """`codes`, as what numpy looks tables up with fastest."""
        return self.codes.astype(np.intp)

    @cached_property
    def flags(self) -> npt.NDArray[np.uint8]:
        return properties().flags[self.index]

    @cached_property
    def lowered(self) -> npt.NDArray[np.uint32]:
        return properties().lower[self.index]

    @cached_property
    def lower(self) -> str:
        """`raw` in lower case, code point for code point."""
        return self.lowered.tobytes().decode("utf-32-le", "surrogatepass")

    def having(self, flag: int) -> Mask:
        """Which code points have this flag."""
        mask: Mask = (self.flags & flag) != 0
        return mask

    def among(self, characters: str) -> Mask:
        """Which code points are one of these characters."""
        return one_of(characters)[self.index]

    @cached_property
    def prefix(self) -> Prefix:
        return Prefix(self.codes)

    @cached_property
    def lower_prefix(self) -> Prefix:
        return Prefix(self.lowered)

    @cached_property
    def tokens(self) -> Spans:
        """UAX #29 segments other than white space: words, and runs of one same mark.

        UAX #29 leaves every mark alone; "....." or "=====" is one token to the tokenizers that the
        peers' rules were tuned with.
        """
        starts = boundaries(self.index)
        repeats = self.codes[starts[1:]] == self.codes[starts[1:] - 1]
        repeats &= (np.diff(starts) == 1) & ((self.flags[starts[1:]] & (ALNUM | SPACE)) == 0)
        starts = np.concatenate((starts[:1], starts[1:][~repeats]))
        hidden = one_of(INVISIBLE)[self.index[starts]]
        hidden |= (self.flags[starts] & SPACE) != 0
        kept = np.flatnonzero(~hidden)
        # The last segment is the line feed that closes the batch: every other one has a successor.
        return self.spans(starts[kept], starts[kept + 1])

    @cached_property
    def token_flags(self) -> npt.NDArray[np.uint8]:
        """The flags of each token's code points, joined by `or`."""
        return self.joined_flags(self.tokens)

    @cached_property
    def worded(self) -> Mask:
        """Which tokens are words: those with a letter or a number in them."""
        mask: Mask = (self.token_flags & ALNUM) != 0
        return mask

    @cached_property
    def words(self) -> Spans:
        return self.tokens.where(self.worded)

    @cached_property
    def token_hashes(self) -> Hashes:
        return self.hashes(self.tokens)

    @cached_property
    def word_hashes(self) -> Hashes:
        return self.token_hashes[self.worded]

    @cached_property
    def lower_word_hashes(self) -> Hashes:
        return self.lower_hashes(self.words)

    @cached_property
    def word_groups(self) -> Groups:
        """Equal lower-cased words of each text, brought together."""
        return Groups(self.own_keys(self.lower_word_hashes, self.words.document))

    @cached_property
    def single(self) -> Mask:
        """Which tokens are words that stand in their text once, whatever their case."""
        groups = self.word_groups
        once = np.zeros(len(self.words), dtype=bool)
        once[groups.first[groups.sizes == 1]] = True
        mask = np.zeros(len(self.tokens), dtype=bool)
        mask[self.worded] = once
        return mask

    @cached_property
    def pieces(self) -> Spans:
        """What str.split() gives: maximal stretches without white space."""
        shown = ~self.having(SPACE)
        change = np.flatnonzero(shown[1:] != shown[:-1]) + 1
        if shown[0]:
            change = np.concatenate(([0], change))
        return self.spans(change[0::2], change[1::2])

    @cached_property
    def lettered(self) -> Mask:
        """Which pieces have a letter in them."""
        mask: Mask = (self.joined_flags(self.pieces) & ALPHA) != 0
        return mask

    @cached_property
    def shown(self) -> Positions:
        """Positions of everything but white space."""
        return np.flatnonzero(~self.having(SPACE))

    @cached_property
    def lines(self) -> Spans:
        """What text.split("\\n") gives, empty lines and all."""
        ends = np.flatnonzero(self.codes == 10)
        return self.spans(np.concatenate(([0], ends[:-1] + 1)), ends)

    def lines_with(self, words: str) -> Positions:
        """The lines in which one of these lower-case words (separated by spaces) stands."""
        found = self.words.starts[wanted(self.lower_word_hashes, words)]
        return np.unique(np.searchsorted(self.lines.ends, found))

    @cached_property
    def stripped(self) -> Spans:
        """The lines without white space at their ends."""
        return self.strip(self.lines)

    def spans(self, starts: Positions, ends: Positions) -> Spans:
        """Spans in order, each with the text it lies in."""
        bounds = np.concatenate(([0], np.searchsorted(starts, self.ends, side="right")))
        return Spans(starts, ends, bounds)

    def document_of(self, positions: Positions) -> Positions:
        return np.searchsorted(self.ends, positions)

    def joined_flags(self, spans: Spans) -> npt.NDArray[np.uint8]:
        """Per span, the flags up to where the next one begins: white space adds none that count."""
        if not len(spans):
            return np.zeros(0, dtype=np.uint8)
        return np.bitwise_or.reduceat(self.flags, spans.starts)

    def strip(self, spans: Spans) -> Spans:
        """The spans without white space at either end; an empty one stands at its own end."""
        shown = self.shown
        first = np.searchsorted(shown, spans.starts)
        last = np.searchsorted(shown, spans.ends)
        blank = first == last
        padded = np.append(shown, len(self.codes))
        starts = np.where(blank, spans.ends, padded[np.minimum(first, len(shown))])
        ends = np.where(blank, spans.ends, padded[np.maximum(last - 1, 0)] + 1)
        return Spans(starts, ends, spans.bounds)

    def find(self, needle: str) -> Positions:
        """Where a lower-case needle stands in the lower-cased texts, without overlaps."""
        if needle not in self.found:
            self.found[needle] = _find(self.lower, needle)
        return self.found[needle]

    def marks(self, character: str) -> Positions:
        """Where one character stands in the texts as they are."""
        if character not in self.found:
            self.found[character] = np.flatnonzero(self.codes == ord(character))
        return self.found[character]

    def dots(self, step: int) -> Positions:
        """Where "..." (step 1) or ". . ." (step 2) begins, without overlaps, as str.count."""
        points = self.marks(".")
        rows = np.flatnonzero(points[2:] - points[:-2] == 2 * step)
        rows = rows[points[rows + 1] - points[rows] == step]
        if step > 1:
            rows = rows[(self.codes[points[rows, None] + [1, 3]] == 32).all(axis=1)]
        found, free = [], 0
        for at in points[rows].tolist():
            if at >= free:
                found.append(at)
                free = at + 2 * step + 1
        return np.array(found, dtype=np.int64)

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
        return np.searchsorted(positions, spans.ends) - np.searchsorted(positions, spans.starts)

    def count(self, spans: Spans, mask: Mask | None = None) -> Positions:
        """How many of the spans (where the mask is true) each text has."""
        if mask is None:
            return np.diff(spans.bounds)
        return np.diff(np.searchsorted(np.flatnonzero(mask), spans.bounds))

    def total(self, spans: Spans, values: npt.NDArray[np.integer]) -> Positions:
        """The sum of integer values over each text's spans, exactly."""
        sums = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
        return np.diff(sums[spans.bounds])

    def own_keys(self, hashes: Hashes, owners: Positions) -> Hashes:
        """The hashes made a text's own, so that equal spans of two texts stay apart."""
        salts = mix(np.arange(1, len(self) + 1, dtype=np.uint64))
        return hashes ^ salts[owners]

    def hashes(self, spans: Spans) -> Hashes:
        return self.prefix.spans(spans.starts, spans.ends)

    def lower_hashes(self, spans: Spans) -> Hashes:
        return self.lower_prefix.spans(spans.starts, spans.ends)


def _find(text: str, needle: str) -> Positions:
    found = []
    at = text.find(needle)
    while at >= 0:
        found.append(at)
        at = text.find(needle, at + len(needle))
    return np.array(found, dtype=np.int64)


def ratio(
    parts: npt.NDArray[np.integer], whole: npt.NDArray[np.integer]
) -> npt.NDArray[np.float64]:
    """One exact integer over another, correctly rounded; 0 where there is nothing to divide by."""
    result: npt.NDArray[np.float64] = np.zeros(len(parts))
    np.divide(parts, whole, out=result, where=np.asarray(whole) != 0)
    return result
