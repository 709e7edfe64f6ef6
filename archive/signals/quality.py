"""The statistics of Gopher's quality rules (Rae et al. 2021, section A1.1), under two counts.

`gopher_*` follows datatrove (gopher_quality_filter.py): words are tokens, punctuation among them,
and a single ASCII punctuation mark is no word. Its tokenizer (NLTK, later spaCy) is replaced by
UAX #29 segments. `dclm_*` follows DCLM (content_filters.py): words are what white space separates.
"""

from __future__ import annotations

import re
import string
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from archive.signals.groups import Groups
from archive.signals.hashing import Hashes, of_words
from archive.signals.kernels.hashes import wanted
from archive.signals.spans import Mask, Spans, ratio
from archive.signals.unicode import ALNUM, ALPHA, DIGIT, UPPER, one_of
from archive.signals.view import View

COLUMNS = (
    "gopher_words",
    "gopher_mean_word_length",
    "gopher_hash_ratio",
    "gopher_ellipsis_ratio",
    "gopher_bullet_lines",
    "gopher_ellipsis_lines",
    "gopher_alpha_words",
    "gopher_stop_words",
    "gopher_stop_words_distinct",
    "dclm_words",
    "dclm_mean_word_length",
    "dclm_symbol_ratio",
    "dclm_bullet_lines",
    "dclm_ellipsis_lines",
    "dclm_nonalpha_words",
    "dclm_stop_words",
    "dclm_removed_words",
)

STOP_WORDS: Final = "the be to of and that have with"
STOP_INITIALS: Final = "tboahwTBOAHW"

# DCLM modifiers.py, counter_line_modifier
COUNTED: Final = (
    "likes shares comments retweets reposts quotes bookmarks upvotes downvotes downloads views"
    " followers"
)
COUNTER: Final = re.compile(rf"\W*\d(?:,|\.|\d)*[kmb]?\s+(?:{'|'.join(COUNTED.split())})\W*")
CUTS: Final = tuple(map(re.compile, (r"\s?items in cart", r"\s?read more...$", r"^sign-in\s?")))
HINTED: Final = "cart more sign"  # a word of each


def compute(view: View) -> dict[str, Any]:
    return {**_gopher(view), **_dclm(view)}


def _gopher(view: View) -> dict[str, Any]:
    tokens = view.tokens
    plain = (tokens.lengths == 1) & one_of(string.punctuation)[view.codes[tokens.starts]]
    counted = view.count(tokens, ~plain)
    # A plain mark is one code point long.
    lengths = view.total(tokens, tokens.lengths) - (view.count(tokens) - counted)
    alpha = (view.token_flags & ALPHA) != 0
    stops, hashes = _stop_words(tokens, view.token_hashes)
    lines = view.stripped
    # splitlines(): a break at the very end opens no line; a text without lines has none.
    final = (view.codes[np.maximum(view.ends - 1, 0)] == 10) | (view.sizes == 0)
    number = view.count(lines) - final
    bullets = _starts_with(view, lines, "•-")
    ellipses = (view.dots(1), view.marks("…"))
    return {
        "gopher_words": counted,
        "gopher_mean_word_length": ratio(lengths, counted),
        "gopher_hash_ratio": ratio(view.per_text(view.marks("#")), counted),
        "gopher_ellipsis_ratio": ratio(view.summed(ellipses), counted),
        "gopher_bullet_lines": ratio(view.count(lines, bullets), number),
        "gopher_ellipsis_lines": ratio(view.count(lines, _ends_open(view, lines)), number),
        "gopher_alpha_words": ratio(view.count(tokens, alpha), counted),
        "gopher_stop_words": view.count(stops),
        "gopher_stop_words_distinct": distinct(stops, hashes),
    }


def _dclm(view: View) -> dict[str, Any]:
    pieces = view.pieces
    counted = view.count(pieces)
    lengths = pieces.lengths
    brief = (lengths >= 2) & (lengths <= 4) & one_of(STOP_INITIALS)[view.codes[pieces.starts]]
    short = pieces.where(brief)
    stops, _ = _stop_words(short, view.lower_hashes(short))
    symbols = (view.marks("#"), view.dots(1), view.dots(2), view.marks("…"))
    lines = view.stripped.where(view.stripped.lengths > 0)
    number = view.count(lines)
    open_ended = _ends_open(view, lines) | _ends_with(view, lines, ". . .")
    worded = (view.flags[pieces.starts] & ALNUM) != 0
    before = view.count(pieces, worded)
    removed = view.total(view.lines, removed_words(view, pieces.starts[worded]))
    return {
        "dclm_words": before,
        "dclm_mean_word_length": ratio(view.total(pieces, lengths), counted),
        "dclm_symbol_ratio": ratio(view.summed(symbols), counted),
        "dclm_bullet_lines": ratio(view.count(lines, _starts_with(view, lines, "●•*-")), number),
        "dclm_ellipsis_lines": ratio(view.count(lines, open_ended), number),
        "dclm_nonalpha_words": ratio(view.count(pieces, ~view.lettered), counted),
        "dclm_stop_words": view.count(stops),
        "dclm_removed_words": ratio(removed, before),
    }


def _stop_words(spans: Spans, hashes: Hashes) -> tuple[Spans, Hashes]:
    """The spans that are stop words, and their hashes."""
    exact = wanted(hashes, of_words(STOP_WORDS))
    return spans.at(exact), hashes[exact]


def distinct(spans: Spans, hashes: Hashes) -> npt.NDArray[np.int64]:
    """How many different spans each text has among these."""
    return np.diff(Groups(hashes, spans.bounds).bounds)


def removed_words(view: View, words: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Words (by their positions) of each line that DCLM's line modifiers would take away.

    A line goes whole if more than half of it is upper case, all of it digits, a counter ("3 likes")
    or one word; "items in cart", "Read more..." and "Sign-in" are cut out of lines of up to 10.
    """
    lines = view.lines
    lengths = lines.lengths
    pieces = view.per_span(view.pieces.starts, lines)
    upper = view.flagged(lines, UPPER)
    digits = view.flagged(lines, DIGIT)
    gone = (upper * 2 > lengths) | ((digits == lengths) & (lengths > 0))
    gone |= (pieces < 2) & (lengths > 0)
    counters = view.lines_with(COUNTED)
    for line in counters[~gone[counters] & (digits[counters] > 0)].tolist():
        gone[line] = bool(COUNTER.fullmatch(view.lower[lines.starts[line] : lines.ends[line]]))
    removed = np.where(gone, view.per_span(words, lines), 0)
    hinted = view.lines_with(HINTED)
    for line in hinted[~gone[hinted] & (pieces[hinted] <= 10)].tolist():
        text = view.lower[lines.starts[line] : lines.ends[line]]
        left = text
        for cut in CUTS:
            left = cut.sub("", left)
        removed[line] = _alnum_words(text) - _alnum_words(left)
    return removed


def _alnum_words(text: str) -> int:
    return sum(piece[0].isalnum() for piece in text.split())


def _starts_with(view: View, lines: Spans, marks: str) -> Mask:
    return (lines.lengths > 0) & one_of(marks)[view.codes[lines.starts]]


def _ends_with(view: View, lines: Spans, suffix: str) -> Mask:
    """Which (stripped) lines end so."""
    found = lines.lengths >= len(suffix)
    for back, character in enumerate(reversed(suffix), start=1):
        found = found & (view.codes[np.maximum(lines.ends - back, 0)] == ord(character))
    return found


def _ends_open(view: View, lines: Spans) -> Mask:
    return _ends_with(view, lines, "...") | _ends_with(view, lines, "…")
