"""Texts cut into sentences, each held as the set of its words.

A sentence ends at a run of sentence-ending marks as the signals count them (UAX #29 property
Sentence_Break ATerm or STerm, closing quotes included, then white space), and at a line's end
unless the next line goes on in lower case: that is text wrapped at a fixed width. A word is a UAX
#29 segment with a letter or number in it, lower-cased, held as its 64-bit hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from archive.signals.hashing import Hashes, Positions
from archive.signals.unicode import SPACE, properties
from archive.signals.view import View
from archive.signals.words import stops

SHORTEST: Final = 4
"""Words of a sentence that is counted: of headings, list items and menus too little can be said."""
LONGEST: Final = 60
"""Words after which a sentence is cut: text without marks would otherwise be one of thousands."""

LINE_FEED: Final = 10


@dataclass(frozen=True, slots=True)
class Cut:
    """The sentences of some texts, in order.

    `text` (one a sentence): whose it is. `words` and `sentence` (one for every distinct word of a
    sentence): the word's hash, and in which sentence it stands.
    """

    text: Positions
    words: Hashes
    sentence: Positions


def cut(texts: list[str]) -> Cut:
    """The sentences of texts that have at least SHORTEST words; each text on its own."""
    view = View(texts)
    starts, document = view.words.starts, view.words.document
    if not len(starts):
        nothing = np.zeros(0, dtype=np.int64)
        return Cut(nothing, nothing.astype(np.uint64), nothing)
    ends = np.union1d(stops(view), _line_ends(view))
    # Word i and word i + 1 stand in one sentence if no end lies between them.
    rank = np.searchsorted(ends, starts)
    first = np.append(True, (np.diff(rank) > 0) | (np.diff(document) > 0))
    begin = np.flatnonzero(first)
    place = np.arange(len(starts)) - np.repeat(begin, np.diff(begin, append=len(starts)))
    first |= place % LONGEST == 0
    number = np.cumsum(first) - 1
    long_enough = np.bincount(number) >= SHORTEST
    kept = long_enough[number]
    renumbered = np.cumsum(long_enough) - 1
    owners = document[first][long_enough]
    return Cut(owners, *_distinct(view.lower_word_hashes[kept], renumbered[number[kept]]))


def _distinct(words: Hashes, sentence: Positions) -> tuple[Hashes, Positions]:
    """Every word once in each sentence, in the order of sentences, then hashes."""
    order = np.lexsort((words, sentence))
    words, sentence = words[order], sentence[order]
    new = np.append(True, (words[1:] != words[:-1]) | (sentence[1:] != sentence[:-1]))
    new = new[: len(words)]
    return words[new], sentence[new]


def _line_ends(view: View) -> Positions:
    """Line feeds that end a sentence: those not followed by a lower-case letter."""
    feeds = np.flatnonzero(view.codes == LINE_FEED)
    shown = np.flatnonzero(~view.having(SPACE))
    following = np.searchsorted(shown, feeds)
    # A space stands for what follows the last line feed: no small letter.
    codes = np.append(view.codes[shown], 32)
    goes_on = _small_letters()[codes[following]]
    # An empty line between them is a new paragraph, whatever it begins with.
    blank = np.append(np.diff(feeds) <= 1, False) | np.append(False, np.diff(feeds) <= 1)
    ends: Positions = feeds[~goes_on | blank]
    return ends


@cache
def _small_letters() -> npt.NDArray[np.bool_]:
    """Code points that are some other one's lower case."""
    lower = properties().lower
    small = np.zeros(len(lower), dtype=bool)
    small[lower[lower != np.arange(len(lower))]] = True
    return small
