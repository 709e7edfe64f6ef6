"""Repetition, as Gopher measures it (Rae et al. 2021, table A1), under both counting rules.

`gopher_*` counts as datatrove does: the first copy is not a duplicate, everything is divided by
the length of the text. `dclm_*` counts as DCLM does (content_filters.py, repetition_filter): every
copy counts, and the denominator is the characters of the segments or words alone.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from archive.signals.groups import Groups
from archive.signals.hashing import Hashes, Positions, Prefix
from archive.signals.view import Mask, Spans, View, ratio

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
    full = lines.where(lines.lengths > 0)
    copies, chars, _ = later_copies(view, full)
    counted = view.count(full)
    # Release of 2024-04: splitlines(), so that every empty line after the first is a duplicate;
    # one at the very end of a text is no line.
    final_blank = (view.sizes > 0) & (view.codes[np.maximum(view.ends - 1, 0)] == 10)
    empty = view.count(lines, lines.lengths == 0) - final_blank - (view.sizes == 0)
    # Since then: a split on "\n+", which leaves an empty string at either end that has breaks.
    first_blank = (view.sizes > 0) & (view.codes[view.begins] == 10)
    edges = first_blank.astype(np.int64) + final_blank
    edges += (view.sizes == 0).astype(np.int64)
    stripped = view.stripped
    return {
        "gopher_dup_lines": ratio(copies + np.maximum(edges - 1, 0), counted + edges),
        "gopher_dup_lines_2024": ratio(copies + np.maximum(empty - 1, 0), counted + empty),
        "gopher_dup_line_chars": ratio(chars, view.sizes),
        **_dclm_segments(view, stripped.where(stripped.lengths > 0), "line"),
    }


def _paragraphs(view: View) -> dict[str, Any]:
    paragraphs = paragraphs_of(view)
    copies, chars, _ = later_copies(view, paragraphs)
    stripped = view.strip(paragraphs)
    return {
        "gopher_dup_paragraphs": ratio(copies, view.count(paragraphs)),
        "gopher_dup_paragraph_chars": ratio(chars, view.sizes),
        **_dclm_segments(view, stripped.where(stripped.lengths > 0), "paragraph"),
    }


def paragraphs_of(view: View) -> Spans:
    """What re.split(r"\\n{2,}", text.strip()) gives, without a blank text's empty string."""
    whole = view.strip(Spans(view.begins, view.ends, np.arange(len(view) + 1)))
    feeds = view.codes == 10
    first = feeds & ~np.concatenate(([False], feeds[:-1]))
    starts, ends = np.flatnonzero(first), np.flatnonzero(feeds & ~np.append(feeds[1:], False)) + 1
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


def _dclm_segments(view: View, segments: Spans, kind: str) -> dict[str, Any]:
    """Share of segments, and of their characters, that stand more than once; 0 for a single one."""
    _, _, repeated = later_copies(view, segments)
    lengths = segments.lengths
    copies = view.total(segments, repeated.astype(np.int64))
    chars = view.total(segments, np.where(repeated, lengths, 0))
    return {
        f"dclm_dup_{kind}s": ratio(copies, view.count(segments)),
        f"dclm_dup_{kind}_chars": ratio(chars, view.total(segments, lengths)),
    }


def later_copies(view: View, spans: Spans) -> tuple[Positions, Positions, npt.NDArray[np.bool_]]:
    """Per text, the copies after the first and their characters; per span, if it has a copy."""
    groups = Groups(view.own_keys(view.hashes(spans), spans.document), least=2)
    extra = groups.sizes - 1
    owners = spans.document[groups.first]
    lengths = spans.lengths[groups.first]
    copies = np.bincount(owners, weights=extra, minlength=len(view)).astype(np.int64)
    chars = np.bincount(owners, weights=extra * lengths, minlength=len(view)).astype(np.int64)
    repeated = np.zeros(len(spans), dtype=bool)
    repeated[groups.members] = True
    return copies, chars, repeated


# n-grams


class Repeated:
    """The n-grams of a list of words that occur more than once in their text, n by n.

    An n-gram repeats only if both (n-1)-grams in it do, so each step looks at what is left.
    """

    def __init__(self, view: View, words: Spans, hashes: Hashes, single: Mask) -> None:
        self.words = words
        self._view = view
        self._prefix = Prefix(hashes)
        self._last = words.bounds[1:]
        self.at = np.flatnonzero(~single)  # where a repeated n-gram begins
        self.group = self.at  # which n-gram it is: a place in the two below
        self.sizes = self.at  # how often each n-gram occurs
        self.first = self.at  # where each occurs first

    def step(self, n: int) -> None:
        """Go on to n-grams of n words; n grows by one with each call, from 2."""
        at = self.at[:-1][np.diff(self.at) == 1]
        owners = self.words.document[at]
        fits = at + n <= self._last[owners]
        at, owners = at[fits], owners[fits]
        keys = self._view.own_keys(self._prefix.spans(at, at + n), owners)
        groups = Groups(keys, least=2)
        label = np.full(len(at), -1)
        label[groups.members] = groups.number()
        kept = np.flatnonzero(label >= 0)
        self.at, self.group = at[kept], label[kept]
        self.sizes, self.first = groups.sizes, at[groups.first]

    def commonest(self) -> tuple[Positions, Positions]:
        """Per text, how often its commonest n-grams occur (0: none repeats); and where they do.

        The places are those of every n-gram that occurs so often, in the order of the text.
        """
        owners = self.words.document[self.first]
        most = np.zeros(len(self._last), dtype=np.int64)
        np.maximum.at(most, owners, self.sizes)
        return most, np.sort(self.first[self.sizes == most[owners]])


def _gopher_ngrams(view: View) -> dict[str, Any]:
    tokens = view.tokens
    repeated = Repeated(view, tokens, view.token_hashes, view.single)
    sums = np.concatenate(([0], np.cumsum(tokens.lengths)))
    enough = view.count(tokens)
    found: dict[str, Any] = {}
    for n in (*TOP, *DUPLICATED):
        repeated.step(n)
        if n in TOP:
            # Counter.most_common: the highest count, the earliest among equals, joined by spaces.
            # Where nothing repeats, that is the first n-gram of the text.
            most, places = repeated.commonest()
            first = np.where(enough >= n, tokens.bounds[:-1], 0)
            owners = tokens.document[places][::-1]
            first[owners] = places[::-1]  # the earliest is written last
            size = sums[np.minimum(first + n, len(tokens))] - sums[first] + n - 1
            best = np.where(enough >= n, size * np.maximum(most, 1), 0)
            found[f"gopher_top_{n}gram"] = ratio(best, view.sizes)
        else:
            copies = greedy_copies(repeated.at, repeated.group, n)
            chars = _per_text(tokens, copies, sums[copies + n] - sums[copies])
            found[f"gopher_dup_{n}gram"] = ratio(chars, view.sizes)
    return found


def greedy_copies(at: Positions, group: Positions, n: int) -> Positions:
    """Where later copies begin, left to right without overlap (datatrove find_all_duplicate).

    A copy is skipped over whole; an n-gram that begins inside one is not remembered.
    """
    copies: list[int] = []
    seen: set[int] = set()
    starts, groups = at.tolist(), group.tolist()
    here, count = 0, len(starts)
    while here < count:
        which = groups[here]
        if which in seen:
            copies.append(starts[here])
            # On to the first position behind this copy: at most n entries further.
            free = starts[here] + n
            here = bisect_left(starts, free, here + 1, min(here + n, count))
        else:
            seen.add(which)
            here += 1
    return np.array(copies, dtype=np.int64)


def _dclm_ngrams(view: View) -> dict[str, Any]:
    words = view.words
    repeated = Repeated(view, words, view.word_hashes, view.single[view.worded])
    sums = np.concatenate(([0], np.cumsum(words.lengths)))
    whole = view.total(words, words.lengths)
    found: dict[str, Any] = {}
    for n in (*TOP, *DUPLICATED):
        repeated.step(n)
        if n in TOP:
            # The longest of the most frequent n-grams; nothing where none repeats.
            most, places = repeated.commonest()
            longest = np.zeros(len(view), dtype=np.int64)
            np.maximum.at(longest, words.document[places], sums[places + n] - sums[places])
            found[f"dclm_top_{n}gram"] = ratio(longest * most, whole)
        else:
            # Each word once, however many repeated n-grams it is part of.
            at = repeated.at
            fresh = np.maximum(at, np.concatenate(([0], at[:-1] + n))[: len(at)])
            chars = _per_text(words, at, sums[at + n] - sums[fresh])
            found[f"dclm_dup_{n}gram"] = ratio(chars, whole)
    return found


def _per_text(words: Spans, at: Positions, values: Positions) -> Positions:
    """The sum of values that belong to places in a list of words, over each text."""
    sums = np.concatenate(([0], np.cumsum(values)))
    return np.diff(sums[np.searchsorted(at, words.bounds)])
