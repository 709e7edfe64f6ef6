"""Which documents of a corpus the archive proves, by which capture, and how much of each.

A text is proven human if an admitted capture has all its letters (exact), or most of them lie in
passages of captures (contained), or a capture is nearly the same (near). The text of any other
document that lies in such passages counts by its bytes alone (passages). What `common` hosts have
proves nothing by itself, since notices and licences stand in every text, of any age and author.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from archive.audit.index import Index
from archive.audit.letters import Letters, covered
from archive.audit.near import Near
from archive.audit.options import Matching
from archive.signals.hashing import Positions

EXACT, CONTAINED, NEAR, PASSAGES = "exact", "contained", "near", "passages"
PROVEN: Final = (EXACT, CONTAINED, NEAR)
"""Kinds of match that prove a document, the strongest first; `passages` proves parts of one."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the archive has of one text. `row` is the witness's, `share` of 0 to 1 how much of it.

    The share counts letters; for `near` those of words in 5-grams which the witness has too, if
    that is more. `similarity` is the Jaccard similarity that was found for `near`.
    """

    kind: str = ""
    share: float = 0.0
    row: int = -1
    similarity: float | None = None

    @property
    def proven(self) -> bool:
        return self.kind in PROVEN


NOTHING: Final = Proof()

LONG_WORDS: Final = 12
"""Letters between white space, on average, from which a script hardly parts its words by it."""
FEW_LETTERS: Final = 300
SIMILAR: Final = 0.8


class Matcher:
    """Looks batches of texts up. No answer depends on what else is in a batch."""

    def __init__(self, index: Index, matching: Matching, near: Near | None = None) -> None:
        self._index, self._matching, self._near = index, matching, near

    def match(self, texts: Sequence[str]) -> list[Proof]:
        """One proof for each text, in their order."""
        letters = Letters.of(list(texts))
        proofs = self._by_letters(letters)
        if self._near:
            rest = [
                place
                for place, proof in enumerate(proofs)
                if not proof.proven
                and letters.sizes[place] >= self._matching.letters
                and (proof.kind or self._may_be_near(texts[place], int(letters.sizes[place])))
            ]
            found = self._near.find([texts[place] for place in rest])
            for place, near in zip(rest, found, strict=True):
                if near:
                    share = max(near.share, proofs[place].share)
                    proofs[place] = Proof(NEAR, share, near.row, near.similarity)
        return proofs

    def _may_be_near(self, text: str, size: int) -> bool:
        """Whether a text without a passage of the archive may still be nearly one of its texts.

        An edit spoils five word 5-grams of each text, so at a Jaccard similarity of 0.8 there are
        45 words to an edit, and some 44 in a row are the same: with the letters of common words
        that is more than a passage. Not where no white space parts the words, nor in a few words.
        """
        pieces = len(text.split())
        usual = 2 * pieces <= size <= LONG_WORDS * pieces and size >= FEW_LETTERS
        return not usual or self._matching.similar < SIMILAR

    def _by_letters(self, letters: Letters) -> list[Proof]:
        matching, sizes = self._matching, letters.sizes
        starts, keys = letters.passages(matching)
        rows, hosts = self._index.find(keys)
        own = (rows >= 0) & (hosts < matching.common)
        of_own = covered(starts[own], matching.letters, letters)
        of_any = covered(starts[rows >= 0], matching.letters, letters)
        wholes, whole_hosts = self._index.find(letters.wholes())
        exact = (wholes >= 0) & (whole_hosts < matching.common) & (sizes >= matching.letters)
        inside = (of_any >= matching.contained * sizes) & (2 * of_own >= of_any) & (of_own > 0)
        witnesses = _most_frequent(letters, starts[own], rows[own])
        proofs = [NOTHING] * len(letters)
        for place in np.flatnonzero(exact | (of_own > 0)).tolist():
            if exact[place]:
                proofs[place] = Proof(EXACT, 1.0, int(wholes[place]))
                continue
            kind, count = (CONTAINED, of_any) if inside[place] else (PASSAGES, of_own)
            share = float(count[place] / sizes[place])
            proofs[place] = Proof(kind, share, witnesses[place])
        return proofs


def _most_frequent(letters: Letters, starts: Positions, rows: Positions) -> dict[int, int]:
    """Per text the row that most of its passages have; of equals the smallest."""
    owner = np.searchsorted(letters.bounds, starts, side="right") - 1
    pairs, counts = np.unique((owner << 32) | rows, return_counts=True)
    order = np.lexsort((-pairs, counts, pairs >> 32))
    owners, best = pairs[order] >> 32, pairs[order] & 0xFFFFFFFF
    return dict(zip(owners.tolist(), best.tolist(), strict=True))
