"""A batch of texts, cut once into lines, words and tokens that every family of signals shares.

The texts are laid end to end as code points with a line feed after each, so that one pass of
array operations serves the whole batch. Nothing computed here for one text depends on another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from archive.signals.hashing import Hashes, Positions, Prefix
from archive.signals.segments import boundaries
from archive.signals.unicode import ALNUM, SPACE, properties

Mask = npt.NDArray[np.bool_]

INVISIBLE: Final = np.array([0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF], np.uint32)
"""Code points that show nothing: no token, although UAX #29 cuts them off as segments."""

CHARACTER: Final = {"...": "…"}


@dataclass(frozen=True)
class Spans:
    """Stretches of the batch, in order; `document` says whose each one is."""

    starts: Positions
    ends: Positions
    document: Positions

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lengths(self) -> Positions:
        return self.ends - self.starts

    def where(self, mask: Mask) -> Spans:
        return Spans(self.starts[mask], self.ends[mask], self.document[mask])


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

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def flags(self) -> npt.NDArray[np.uint8]:
        return properties().flags[self.codes]

    @cached_property
    def lowered(self) -> npt.NDArray[np.uint32]:
        return properties().lower[self.codes]

    @cached_property
    def lower(self) -> str:
        """`raw` in lower case, code point for code point."""
        return self.lowered.tobytes().decode("utf-32-le", "surrogatepass")

    @cached_property
    def prefix(self) -> Prefix:
        return Prefix(self.codes)

    @cached_property
    def lower_prefix(self) -> Prefix:
        return Prefix(self.lowered)

    @cached_property
    def segments(self) -> tuple[Spans, npt.NDArray[np.uint8]]:
        """Every UAX #29 segment, and the flags of its code points joined by `or`."""
        starts = boundaries(self.codes)
        spans = self.spans(starts, np.append(starts[1:], len(self.codes)))
        return spans, np.bitwise_or.reduceat(self.flags, starts)

    @cached_property
    def words(self) -> Spans:
        """Segments with a letter or a number in them."""
        spans, flags = self.segments
        return spans.where((flags & ALNUM) != 0)

    @cached_property
    def tokens(self) -> Spans:
        """Segments other than white space: words, and every punctuation mark by itself."""
        spans, _ = self.segments
        shown = (self.flags[spans.starts] & SPACE) == 0
        shown &= ~np.isin(self.codes[spans.starts], INVISIBLE)
        return spans.where(shown)

    @cached_property
    def pieces(self) -> Spans:
        """What str.split() gives: maximal stretches without white space."""
        shown = (self.flags & SPACE) == 0
        change = np.flatnonzero(shown[1:] != shown[:-1]) + 1
        if shown[0]:
            change = np.concatenate(([0], change))
        return self.spans(change[0::2], change[1::2])

    @cached_property
    def shown(self) -> Positions:
        """Positions of everything but white space."""
        return np.flatnonzero((self.flags & SPACE) == 0)

    @cached_property
    def lines(self) -> Spans:
        """What text.split("\\n") gives, empty lines and all."""
        ends = np.flatnonzero(self.codes == 10)
        return self.spans(np.concatenate(([0], ends[:-1] + 1)), ends)

    def spans(self, starts: Positions, ends: Positions) -> Spans:
        return Spans(starts, ends, self.document_of(starts))

    def document_of(self, positions: Positions) -> Positions:
        return np.searchsorted(self.ends, positions)

    def strip(self, spans: Spans) -> Spans:
        """The spans without white space at either end; an empty one stands at its own end."""
        shown = self.shown
        first = np.searchsorted(shown, spans.starts)
        last = np.searchsorted(shown, spans.ends)
        blank = first == last
        padded = np.append(shown, len(self.codes))
        starts = np.where(blank, spans.ends, padded[np.minimum(first, len(shown))])
        ends = np.where(blank, spans.ends, padded[np.maximum(last - 1, 0)] + 1)
        return Spans(starts, ends, spans.document)

    def find(self, needle: str) -> Positions:
        """Where a lower-case needle stands in the lower-cased texts, without overlaps."""
        return _find(self.lower, needle)

    def find_exactly(self, needle: str) -> Positions:
        """Where a needle stands in the texts as they are, without overlaps, as str.count."""
        if len(needle) == 1:
            return np.flatnonzero(self.codes == ord(needle))
        return _find(self.raw, needle)

    def per_text(self, positions: Positions) -> Positions:
        """How many of the (sorted) positions lie in each text."""
        return np.searchsorted(positions, self.ends) - np.searchsorted(positions, self.begins)

    def per_span(self, positions: Positions, spans: Spans) -> Positions:
        """How many of the (sorted) positions lie in each span."""
        return np.searchsorted(positions, spans.ends) - np.searchsorted(positions, spans.starts)

    def count(self, spans: Spans, mask: Mask | None = None) -> Positions:
        """How many of the spans (where the mask is true) each text has."""
        owners = spans.document if mask is None else spans.document[mask]
        return np.bincount(owners, minlength=len(self))

    def total(self, spans: Spans, values: npt.NDArray[np.integer]) -> Positions:
        """The sum of integer values over each text's spans, exactly."""
        sums = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
        first = np.searchsorted(spans.document, np.arange(len(self)))
        last = np.searchsorted(spans.document, np.arange(len(self)), side="right")
        return sums[last] - sums[first]

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
    return np.divide(parts, whole, out=np.zeros(len(parts)), where=np.asarray(whole) != 0)
