"""Documents and their roles: train, fresh, validation, test.

Roles are disjoint by document, and decided on words, so that every tier splits the same texts
alike. A document of the evaluation roles that shares much text with one of the training roles is
left out, and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from archive.errors import CheckFailed, UsageError
from archive.replay.scribes import Ids
from archive.replay.texts import Taken, words

ROLES: Final = {"train": 60, "fresh": 25, "validation": 5, "test": 10}
"""Role -> its share of all words, in per cent."""

SHINGLE: Final = 13
"""Words of a passage that counts as shared (the 13-grams of Brown et al. 2020, appendix C)."""
MOST_SHARED: Final = 0.1


@dataclass(frozen=True, slots=True)
class Source:
    """A document, not yet written in any tier's tokens."""

    text: str
    groups: tuple[str, str]  # its file or host, and its language
    tokens: Ids  # ids of words in the order in which they are first met


def read(taken: Taken) -> tuple[list[str], list[Source]]:
    """Every word's spelling by id, and the documents as ids."""
    ids: dict[str, int] = {}
    documents = []
    for text in taken.texts:
        found = words(text.text)
        tokens = np.fromiter((ids.setdefault(w, len(ids)) for w in found), np.int32, len(found))
        documents.append(Source(text.text, (text.group, text.language), tokens))
    return list(ids), documents


def split(documents: Sequence[Source]) -> dict[str, list[Source]]:
    """Each document, in the order of hashes, to the role that lacks most of its share."""
    by_role: dict[str, list[Source]] = {role: [] for role in ROLES}
    held = dict.fromkeys(ROLES, 0)
    for document in documents:
        role = min(ROLES, key=lambda r: (held[r] + document.tokens.size / 2) / ROLES[r])
        held[role] += document.tokens.size
        by_role[role].append(document)
    if not all(by_role.values()):
        raise UsageError(
            f"{len(documents)} documents cannot be split into {', '.join(ROLES)}",
            next_step="give at least some ten documents, none of which is most of the text",
        )
    return by_role


def leave_out_shared(by_role: dict[str, list[Source]]) -> int:
    """Takes from validation and test what shares passages with training; says how many."""
    training = [d for role in ("train", "fresh") for d in by_role[role]]
    known = np.sort(np.concatenate([_shingles(d.tokens) for d in training]))
    gone = 0
    for role in ("validation", "test"):
        kept = [d for d in by_role[role] if _share(d.tokens, known) <= MOST_SHARED]
        gone += len(by_role[role]) - len(kept)
        if not kept:
            raise CheckFailed(
                f"every {role} document shares passages with the training documents",
                next_step="remove near-duplicates from the texts first",
            )
        by_role[role] = kept
    return gone


def _share(tokens: NDArray[np.int32], known: NDArray[np.uint64]) -> float:
    """The share of a document's passages that are among the known ones, which are sorted."""
    if tokens.size < SHINGLE or not known.size:
        return 0.0
    passages = _shingles(tokens)
    place = np.minimum(np.searchsorted(known, passages), known.size - 1)
    return float((known[place] == passages).mean())


def _shingles(tokens: NDArray[np.int32]) -> NDArray[np.uint64]:
    """A 64-bit hash of every passage of SHINGLE words."""
    size = max(0, tokens.size - SHINGLE + 1)
    hashes = np.zeros(size, np.uint64)
    wide = tokens.astype(np.uint64)
    for offset in range(SHINGLE):
        # The golden-ratio multiplier; products wrap around, as they should.
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + wide[offset : offset + size]
    return hashes
