"""Sizes and words: lengths, UAX #29 words, how many differ and how many stand once."""

from __future__ import annotations

from typing import Any

import numpy as np

from archive.signals.hashing import Positions
from archive.signals.unicode import SENTENCE, SPACE, one_of
from archive.signals.view import Spans, View, ratio

COLUMNS = (
    "characters",
    "lines",
    "words",
    "pieces",
    "sentences",
    "words_distinct",
    "words_once",
    "mean_word_length",
    "longest_piece",
)

CLOSERS = "\"')]}»”’›」』）】〉》"
FULL_WIDTH = "。！？｡．"


def compute(view: View) -> dict[str, Any]:
    words, lengths = view.words, view.words.lengths
    lines = view.stripped
    counted = view.count(words)
    distinct, once = _types(view)
    return {
        "characters": view.sizes,
        "lines": view.count(lines, lines.lengths > 0),
        "words": counted,
        "pieces": view.count(view.pieces),
        "sentences": view.total(lines, sentences(view, lines)),
        "words_distinct": distinct,
        "words_once": once,
        "mean_word_length": ratio(view.total(words, lengths), counted),
        "longest_piece": longest(view, view.pieces),
    }


def longest(view: View, spans: Spans) -> Positions:
    """The length of each text's longest span, 0 without one."""
    best = np.zeros(len(view), dtype=np.int64)
    np.maximum.at(best, spans.document, spans.lengths)
    return best


def _types(view: View) -> tuple[Positions, Positions]:
    """Distinct lower-cased words of each text, and those that stand in it once."""
    owners = view.words.document
    groups = view.word_groups
    owners = owners[groups.first]
    single = np.bincount(owners[groups.sizes == 1], minlength=len(view))
    return np.bincount(owners, minlength=len(view)), single


def sentences(view: View, lines: Spans) -> Positions:
    """Sentences of each stripped line.

    One for every sentence-ending place (`stops`), and one for text left after the last.
    """
    ends = stops(view)
    counts = view.per_span(ends, lines)
    final = np.searchsorted(ends, lines.ends - 1)
    padded = np.append(ends, -1)
    open_ended = (lines.lengths > 0) & (padded[np.minimum(final, len(ends))] != lines.ends - 1)
    found: Positions = counts + open_ended
    return found


def stops(view: View) -> Positions:
    """The last position of every sentence that a mark ends.

    It is that of a run of sentence-ending marks (with the quotes and brackets that close it) that
    white space, the line's end or a full-width mark ends.
    """
    # A run of marks and closers: only its last position can end a sentence.
    inside = np.append(view.having(SENTENCE), False)
    closers = np.flatnonzero(view.among(CLOSERS))
    closers = closers[closers > 0]
    for _ in range(3):
        inside[closers[inside[closers - 1]]] = True
    last = np.flatnonzero(inside[:-1] & ~inside[1:])
    wide = one_of(FULL_WIDTH)[view.index[last]]
    spaced = view.having(SPACE)[np.minimum(last + 1, len(view.codes) - 1)]
    return last[spaced | wide]
