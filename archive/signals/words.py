"""Sizes and words: lengths, UAX #29 words, how many differ and how many stand once."""

from __future__ import annotations

from typing import Any

import numpy as np

from archive.signals.hashing import mix
from archive.signals.unicode import SENTENCE, SPACE
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

CLOSERS = np.array([ord(c) for c in "\"')]}»”’›」』）】〉》"], dtype=np.uint32)
FULL_WIDTH = np.array([ord(c) for c in "。！？｡．"], dtype=np.uint32)


def compute(view: View) -> dict[str, Any]:
    words, lengths = view.words, view.words.lengths
    lines = view.strip(view.lines)
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


def longest(view: View, spans: Spans) -> Any:
    """The length of each text's longest span, 0 without one."""
    best = np.zeros(len(view), dtype=np.int64)
    np.maximum.at(best, spans.document, spans.lengths)
    return best


def _types(view: View) -> tuple[Any, Any]:
    """Distinct lower-cased words of each text, and those that stand in it once."""
    words = view.words
    keys = view.lower_hashes(words) ^ mix(words.document.astype(np.uint64) + np.uint64(1))
    order = np.argsort(keys)
    ranked = keys[order]
    first = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1]))[: len(ranked)])
    sizes = np.diff(np.append(first, len(ranked)))
    owners = words.document[order[first]]
    single = np.bincount(owners[sizes == 1], minlength=len(view))
    return np.bincount(owners, minlength=len(view)), single


def sentences(view: View, lines: Spans) -> Any:
    """Sentences of each stripped line.

    One for every run of sentence-ending marks (with the quotes and brackets that close it) that
    white space, the line's end or a full-width mark ends, and one for text left after the last.
    """
    marks = np.flatnonzero(view.flags & SENTENCE)
    # A run of marks and closers: only its last position can end a sentence.
    inside = np.zeros(len(view.codes) + 1, dtype=bool)
    inside[marks] = True
    closers = np.flatnonzero(np.isin(view.codes, CLOSERS))
    for _ in range(3):
        inside[closers[inside[closers - 1] & (closers > 0)]] = True
    last = np.flatnonzero(inside[:-1] & ~inside[1:])
    wide = np.isin(view.codes[last], FULL_WIDTH)
    ended = ((view.flags[np.minimum(last + 1, len(view.codes) - 1)] & SPACE) != 0) | wide
    stops = last[ended]
    counts = view.per_span(stops, lines)
    final = np.searchsorted(stops, lines.ends - 1)
    padded = np.append(stops, -1)
    open_ended = (lines.lengths > 0) & (padded[np.minimum(final, len(stops))] != lines.ends - 1)
    return counts + open_ended
