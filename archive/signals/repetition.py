"""Repetition, as Gopher measures it (Rae et al. 2021, table A1), under both counting rules.

`gopher_*` counts as datatrove does: the first copy is not a duplicate, everything is divided by
the length of the text. `dclm_*` counts as DCLM does (content_filters.py, repetition_filter): every
copy counts, and the denominator is the characters of the segments or words alone.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from archive.signals.groups import Groups
from archive.signals.hashing import Hashes, Positions
from archive.signals.kernels.repeats import repeated
from archive.signals.spans import Mask, Spans, ratio, running
from archive.signals.view import View

TOP: Final = (2, 3, 4)
DUPLICATED: Final = (5, 6, 7, 8, 9, 10)

COLUMNS = (
    "gopher_dup_lines",
    "gopher_dup_lines_2024",
    "gopher_dup_line_chars",
    "gopher_dup_paragraphs",
    "gopher_dup_paragraph_chars",
    *(f"gopher_top_{n}gram" for n in TOP),
    *(f"gopher_dup_{n}gram" for n in DUPLICATED),
    "dclm_dup_lines",
    "dclm_dup_line_chars",
    "dclm_dup_paragraphs",
    "dclm_dup_paragraph_chars",
    *(f"dclm_top_{n}gram" for n in TOP),
    *(f"dclm_dup_{n}gram" for n in DUPLICATED),
)


def compute(view: View) -> dict[str, Any]:
    return {**_lines(view), **_paragraphs(view), **_gopher_ngrams(view), **_dclm_ngrams(view)}


# Lines and paragraphs


def _lines(view: View) -> dict[str, Any]:
    lines = view.lines
    filled = np.flatnonzero(lines.lengths > 0)
    full = lines.at(filled)
    copies, chars, _ = later_copies(full, view.line_hashes[filled])
    counted = view.count(full)
    # Release of 2024-04: splitlines(), so that every empty line after the first is a duplicate;
    # one at the very end of a text is no line.
    final_blank = (view.sizes > 0) & (view.codes[np.maximum(view.ends - 1, 0)] == 10)
    empty = view.count(lines) - counted - final_blank - (view.sizes == 0)
    # Since then: a split on "\n+", which leaves an empty string at either end that has breaks.
    first_blank = (view.sizes > 0) & (view.codes[view.begins] == 10)
    edges = first_blank.astype(np.int64) + final_blank
    edges += (view.sizes == 0).astype(np.int64)
    return {
        "gopher_dup_lines": ratio(copies + np.maximum(edges - 1, 0), counted + edges),
        "gopher_dup_lines_2024": ratio(copies + np.maximum(empty - 1, 0), counted + empty),
        "gopher_dup_line_chars": ratio(chars, view.sizes),
        **_dclm_segments(view, view.stripped, view.stripped_hashes, "line"),
    }


def _paragraphs(view: View) -> dict[str, Any]:
    paragraphs = paragraphs_of(view)
    hashes = view.hashes_like(paragraphs, view.lines, view.line_hashes)
    copies, chars, _ = later_copies(paragraphs, hashes)
    stripped = view.strip(paragraphs)
    stripped_hashes = view.hashes_like(stripped, paragraphs, hashes)
    return {
        "gopher_dup_paragraphs": ratio(copies, view.count(paragraphs)),
        "gopher_dup_paragraph_chars": ratio(chars, view.sizes),
        **_dclm_segments(view, stripped, stripped_hashes, "paragraph"),
    }


def paragraphs_of(view: View) -> Spans:
    """What re.split(r"\\n{2,}", text.strip()) gives, without a blank text's empty string."""
    whole = view.strip(Spans(view.begins, view.ends, np.arange(len(view) + 1)))
    feeds = view.lines.ends
    apart = np.flatnonzero(np.diff(feeds) > 1)
    starts = feeds[np.concatenate(([0], apart + 1))]
    ends = feeds[np.append(apart, len(feeds) - 1)] + 1
    wide = ends - starts >= 2
    starts, ends = starts[wide], ends[wide]
    owners = view.document_of(starts)
    inside = (starts >= whole.starts[owners]) & (ends <= whole.ends[owners])
    starts, ends = starts[inside], ends[inside]
    spans = view.spans(
        np.sort(np.concatenate((whole.starts, ends))),
        np.sort(np.concatenate((whole.ends, starts))),
    )
    return spans.where(spans.lengths > 0)


def _dclm_segments(view: View, spans: Spans, hashes: Hashes, kind: str) -> dict[str, Any]:
    """Share of segments, and of their characters, that stand more than once; 0 for a single one."""
    filled = np.flatnonzero(spans.lengths > 0)
    segments = spans.at(filled)
    _, _, repeated = later_copies(segments, hashes[filled])
    lengths = segments.lengths
    chars = view.total(segments, np.where(repeated, lengths, 0))
    return {
        f"dclm_dup_{kind}s": ratio(view.count(segments, repeated), view.count(segments)),
        f"dclm_dup_{kind}_chars": ratio(chars, view.total(segments, lengths)),
    }


def later_copies(spans: Spans, hashes: Hashes) -> tuple[Positions, Positions, Mask]:
    """Per text, the copies after the first and their characters; per span, if it has a copy."""
    groups = Groups(hashes, spans.bounds)
    extra = groups.sizes - 1
    copies = np.diff(running(extra)[groups.bounds])
    chars = np.diff(running(extra * spans.lengths[groups.first])[groups.bounds])
    return copies, chars, groups.sizes[groups.number] > 1


# n-grams


def _gopher_ngrams(view: View) -> dict[str, Any]:
    """The commonest is Counter.most_common's: of equals the earliest, joined by spaces."""
    tokens, groups = view.tokens, view.token_groups
    sums = running(tokens.lengths)
    top, duplicated = repeated(groups.number, groups.sizes, sums, tokens.bounds, False)
    return {
        **{f"gopher_top_{n}gram": ratio(top[:, i], view.sizes) for i, n in enumerate(TOP)},
        **{
            f"gopher_dup_{n}gram": ratio(duplicated[:, i], view.sizes)
            for i, n in enumerate(DUPLICATED)
        },
    }


def _dclm_ngrams(view: View) -> dict[str, Any]:
    """The commonest is the longest of equals, or nothing where none repeats."""
    words, groups = view.words, view.token_groups
    # What equals a word is a word: among words each one is as frequent as among tokens.
    number, sums = groups.number[view.worded], running(words.lengths)
    top, duplicated = repeated(number, groups.sizes, sums, words.bounds, True)
    whole = view.total(words, words.lengths)
    return {
        **{f"dclm_top_{n}gram": ratio(top[:, i], whole) for i, n in enumerate(TOP)},
        **{f"dclm_dup_{n}gram": ratio(duplicated[:, i], whole) for i, n in enumerate(DUPLICATED)},
    }
