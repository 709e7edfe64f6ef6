"""Sizes and words: lengths, UAX #29 words, how many differ and how many stand once."""

from __future__ import annotations

from typing import Any

import numpy as np

from archive.signals.hashing import Positions
from archive.signals.kernels import scan
from archive.signals.spans import Spans, ratio
from archive.signals.unicode import one_of
from archive.signals.view import View

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
    groups = view.word_groups
    return {
        "characters": view.sizes,
        "lines": view.count(lines, lines.lengths > 0),
        "words": counted,
        "pieces": view.count(view.pieces),
        "sentences": view.total(lines, sentences(view, lines)),
        "words_distinct": np.diff(groups.bounds),
        "words_once": view.within(groups.bounds, groups.sizes == 1),
        "mean_word_length": ratio(view.total(words, lengths), counted),
        "longest_piece": view.most(view.pieces.bounds, view.pieces.lengths),
    }


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
    if "\0stops" not in view.found:
        closers, wide = one_of(CLOSERS), one_of(FULL_WIDTH)
        view.found["\0stops"] = scan.stops(view.codes, view.flags, closers, wide)
    return view.found["\0stops"]
