"""The rules of C4 and of FineWeb on top: lines kept, and statistics of what is kept.

C4 (Raffel et al. 2020, section 2.2) as datatrove has it (c4_filters.py): lines go one by one, in
that filter's order of tests, and a document goes at the first line with "lorem ipsum" or "{" that
no earlier test took. FineWeb's own rules (fineweb_quality_filter.py) then see the kept lines only,
so the `fineweb_*` columns are of the kept lines; `raw_*` are the same of the whole text.
Sentences are those of archive.signals.words, where datatrove asks NLTK's Punkt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from archive.signals.repetition import later_copies
from archive.signals.spans import Mask, Spans, ratio
from archive.signals.unicode import SENTENCE, one_of, properties
from archive.signals.view import View
from archive.signals.words import sentences

COLUMNS = (
    "c4_sentences",
    "c4_sentences_punctuated",
    "c4_lines_kept",
    "c4_lines_kept_punctuated",
    "c4_lorem_ipsum",
    "c4_curly_bracket",
    "c4_lorem_ipsum_punctuated",
    "c4_curly_bracket_punctuated",
    "fineweb_line_punct_2024",
    "fineweb_line_punct",
    "fineweb_short_lines",
    "fineweb_dup_line_chars",
    "fineweb_newline_ratio",
    "raw_line_punct_2024",
    "raw_line_punct",
    "raw_short_lines_2024",
    "raw_short_lines",
    "raw_dup_line_chars",
    "raw_newline_ratio",
)

# What has to be before and after "cookie" for datatrove's POLICY_SUBSTRINGS.
COOKIES: Final = (("", " policy"), ("uses ", "s"), ("use of ", "s"), ("use ", "s"))
CITATION: Final = re.compile(r"\[\d*]|\[edit]|\[citation needed]")
LONGEST_WORD: Final = 1000
FEWEST_WORDS: Final = 3
SHORT: Final = 30

END_2024: Final = ".'\"!?"
"""FineWeb's stop_chars at its release, and C4's END_PUNCTUATION in datatrove."""


@dataclass(frozen=True)
class Lines:
    """The stripped lines of a batch and what C4's tests say of each."""

    spans: Spans
    ends: npt.NDArray[np.int64]  # position of the last character left once citations are gone
    chars: npt.NDArray[np.int64]  # characters left once citations are gone
    kept: Mask
    kept_punctuated: Mask  # ... where a line must also end in a terminal mark
    lorem: tuple[Mask, Mask]  # lines that end the document, under the two settings
    curly: tuple[Mask, Mask]


def compute(view: View) -> dict[str, Any]:
    lines = judge(view)
    found = sentences(view, lines.spans)
    lorem = [view.count(lines.spans, mask) > 0 for mask in lines.lorem]
    curly = [view.count(lines.spans, mask) > 0 for mask in lines.curly]
    return {
        "c4_sentences": view.total(lines.spans, np.where(lines.kept, found, 0)),
        "c4_sentences_punctuated": view.total(
            lines.spans, np.where(lines.kept_punctuated, found, 0)
        ),
        "c4_lines_kept": view.count(lines.spans, lines.kept),
        "c4_lines_kept_punctuated": view.count(lines.spans, lines.kept_punctuated),
        "c4_lorem_ipsum": lorem[0],
        "c4_curly_bracket": curly[0],
        "c4_lorem_ipsum_punctuated": lorem[1],
        "c4_curly_bracket_punctuated": curly[1],
        **_fineweb(view, lines),
        **_raw(view),
    }


def judge(view: View) -> Lines:
    """C4's tests on every stripped line, in the order of datatrove's filter."""
    spans = view.stripped
    words = view.per_span(view.pieces.starts, spans)
    long = view.per_span(view.pieces.starts[view.pieces.lengths > LONGEST_WORD], spans) > 0
    last, cut = _without_citations(view, spans)
    chars = spans.lengths - cut
    codes = view.codes[np.maximum(last, 0)]
    marked = (chars > 0) & one_of(END_2024)[codes]
    # A line that ends in "..." has no end; with a citation inside the dots it would not count.
    dots = view.codes[np.maximum(last[:, None] - np.arange(3), 0)] == ord(".")
    marked &= ~(dots.all(axis=1) & (chars >= 3))

    def has(positions: npt.NDArray[np.int64]) -> Mask:
        return view.per_span(positions, spans) > 0

    lorem, curly = has(view.find("lorem ipsum")), has(view.marks("{"))
    script, policy = has(view.find("javascript")), has(_policies(view))
    masks = []
    for passed in (~long & (words >= FEWEST_WORDS), ~long & marked & (words >= FEWEST_WORDS)):
        at_lorem = passed & lorem
        at_curly = passed & ~lorem & ~script & curly
        masks.append((passed & ~lorem & ~script & ~curly & ~policy, at_lorem, at_curly))
    (kept, lorem_1, curly_1), (punctuated, lorem_2, curly_2) = masks
    return Lines(spans, last, chars, kept, punctuated, (lorem_1, lorem_2), (curly_1, curly_2))


def _policies(view: View) -> npt.NDArray[np.int64]:
    """Where the policy phrases stand, each found by its rarest word."""
    cookies: list[int] = [
        at
        for at in view.find("cookie").tolist()
        if any(
            view.lower.endswith(before, 0, at) and view.lower.startswith(after, at + 6)
            for before, after in COOKIES
        )
    ]
    found = (view.find("terms of use"), view.find("privacy policy"), np.array(cookies, np.int64))
    return np.sort(np.concatenate(found))


def _without_citations(view: View, spans: Spans) -> tuple[Any, Any]:
    """Per line: position of the last character, and number cut, once citations are gone."""
    last = spans.ends - 1
    cut = np.zeros(len(spans), dtype=np.int64)
    brackets = view.marks("[")
    for line in np.unique(np.searchsorted(spans.ends, brackets, side="right")):
        if line == len(spans):
            continue
        start, end = int(spans.starts[line]), int(spans.ends[line])
        found = [m.span() for m in CITATION.finditer(view.raw[start:end])]
        cut[line] = sum(right - left for left, right in found)
        for left, right in reversed(found):
            if start + right == last[line] + 1:
                last[line] = start + left - 1
    return last, cut


def _fineweb(view: View, lines: Lines) -> dict[str, Any]:
    kept = lines.spans.where(lines.kept)
    number = view.count(kept)
    codes = view.codes[np.maximum(lines.ends[lines.kept], 0)]
    chars = lines.chars[lines.kept]
    _, copied, _ = later_copies(kept, view.stripped_hashes[lines.kept])
    tokens = view.per_span(view.tokens.starts, kept)
    return {
        "fineweb_line_punct_2024": ratio(view.count(kept, one_of(END_2024)[codes]), number),
        "fineweb_line_punct": ratio(view.count(kept, _terminal(codes)), number),
        "fineweb_short_lines": ratio(view.count(kept, chars <= SHORT), number),
        "fineweb_dup_line_chars": ratio(copied, view.total(kept, chars)),
        "fineweb_newline_ratio": ratio(np.maximum(number - 1, 0), view.total(kept, tokens)),
    }


def _raw(view: View) -> dict[str, Any]:
    lines = view.lines
    number = view.count(lines)
    shown = view.stripped.lengths > 0
    full = lines.where(shown)
    codes = view.codes[np.maximum(full.ends - 1, 0)]
    filled = view.count(full)
    _, copied, _ = later_copies(full, view.line_hashes[shown])
    feeds = number - 1
    return {
        "raw_line_punct_2024": ratio(view.count(full, one_of(END_2024)[codes]), number),
        "raw_line_punct": ratio(view.count(full, _terminal(codes)), filled),
        "raw_short_lines_2024": ratio(view.count(lines, lines.lengths <= SHORT), number),
        "raw_short_lines": ratio(view.count(full, full.lengths <= SHORT), filled),
        "raw_dup_line_chars": ratio(copied, view.sizes - feeds),
        "raw_newline_ratio": ratio(feeds, view.count(view.tokens)),
    }


def _terminal(codes: npt.NDArray[np.uint32]) -> Mask:
    """Sentence_Terminal: the marks of FineWeb's rule since 2024-05, quotes not among them."""
    mask: Mask = (properties().flags[codes] & SENTENCE) != 0
    return mask
