"""Texts made ready: words to numbers, documents to roles, roles to blocks of equal length.

Roles are disjoint by document. A document of the evaluation roles that shares much text with one
of the training roles is left out, and counted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archive.digest import canonical_json, sha256_hex
from archive.errors import CheckFailed, UsageError
from archive.replay.texts import Taken, words
from archive.replay.tiers import BLOCK, Blocks

ROLES: Final = {"train": 60, "fresh": 25, "validation": 5, "test": 10}
"""Role -> its share of all words, in per cent."""

UNKNOWN: Final = 0
"""The id of every word that only the evaluation roles hold: no model ever learns it."""

MOST_TEST_BLOCKS: Final = 1000
MOST_VALIDATION_BLOCKS: Final = 300
SHINGLE: Final = 13
"""Words of a passage that counts as shared (the 13-grams of Brown et al. 2020, appendix C)."""
MOST_SHARED: Final = 0.1


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a run reads: blocks by role, the vocabulary, and the groups of the test blocks."""

    vocabulary: tuple[str, ...]
    blocks: dict[str, Blocks]
    test_document: NDArray[np.int32]
    test_group: NDArray[np.int32]
    groups: tuple[str, ...]
    test_bytes: int
    test_unknown_bytes: int
    facts: dict[str, int]

    @property
    def vocabulary_digest(self) -> str:
        return sha256_hex(canonical_json(list(self.vocabulary)))

    def save(self, folder: Path) -> None:
        arrays: dict[str, Any] = {f"role_{role}": held for role, held in self.blocks.items()}
        arrays |= {"test_document": self.test_document, "test_group": self.test_group}
        np.savez(folder / "blocks.npz", **arrays)
        rest = {
            "vocabulary": list(self.vocabulary),
            "groups": list(self.groups),
            "test_bytes": self.test_bytes,
            "test_unknown_bytes": self.test_unknown_bytes,
            "facts": self.facts,
        }
        (folder / "corpus.json").write_bytes(canonical_json(rest))

    @classmethod
    def load(cls, folder: Path) -> Corpus:
        rest = json.loads((folder / "corpus.json").read_bytes())
        with np.load(folder / "blocks.npz", allow_pickle=False) as saved:
            return cls(
                tuple(rest["vocabulary"]),
                {role: saved[f"role_{role}"] for role in ROLES},
                saved["test_document"],
                saved["test_group"],
                tuple(rest["groups"]),
                rest["test_bytes"],
                rest["test_unknown_bytes"],
                rest["facts"],
            )


@dataclass(frozen=True, slots=True)
class _Document:
    group: str
    tokens: NDArray[np.int32]  # ids in the order in which words are first met


def prepare(taken: Taken) -> Corpus:
    """Splits documents into roles by hash and cuts each role into blocks."""
    spelling, documents = _read(taken)
    by_role = _roles(documents)
    shared = _leave_out_shared(by_role)
    vocabulary, renumber = _vocabulary([*by_role["train"], *by_role["fresh"]], spelling)
    cut = {role: _cut(held) for role, held in by_role.items()}
    thin = {"test": MOST_TEST_BLOCKS, "validation": MOST_VALIDATION_BLOCKS}
    chosen = {role: _spread(len(tokens), thin.get(role)) for role, (tokens, _) in cut.items()}
    if min(map(len, chosen.values())) == 0:
        raise UsageError(
            f"too little text: some role has less than {BLOCK} words",
            next_step="give more text: a hundred thousand words is little",
        )
    of_test = cut["test"][1][chosen["test"]]
    group, groups = _groups([held.group for held in by_role["test"]], of_test)
    first_met = {role: tokens[chosen[role]] for role, (tokens, _) in cut.items()}
    blocks = {role: renumber[tokens] for role, tokens in first_met.items()}
    lengths = np.array([len(word.encode("utf-8", "replace")) + 1 for word in spelling])
    in_test = lengths[first_met["test"]]
    facts = {
        "documents": len(documents),
        "words": sum(held.tokens.size for held in documents),
        "words after the last whole block": sum(
            sum(held.tokens.size for held in by_role[role]) - cut[role][0].size for role in ROLES
        ),
        "evaluation documents that share text with training": shared,
        **{f"documents in {role}": len(held) for role, held in by_role.items()},
        **{f"left out: {why}": count for why, count in taken.left_out.items()},
    }
    return Corpus(
        vocabulary,
        blocks,
        of_test,
        group,
        groups,
        int(in_test.sum()),
        int(in_test[blocks["test"] == UNKNOWN].sum()),
        facts,
    )


def _read(taken: Taken) -> tuple[list[str], list[_Document]]:
    """Every word's spelling by id, and the documents as ids."""
    ids: dict[str, int] = {}
    documents = []
    for text in taken.texts:
        found = words(text.text)
        tokens = np.fromiter((ids.setdefault(w, len(ids)) for w in found), np.int32, len(found))
        documents.append(_Document(text.group, tokens))
    return list(ids), documents


def _roles(documents: Sequence[_Document]) -> dict[str, list[_Document]]:
    """Each document, in the order of hashes, to the role that lacks most of its share."""
    by_role: dict[str, list[_Document]] = {role: [] for role in ROLES}
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


def _leave_out_shared(by_role: dict[str, list[_Document]]) -> int:
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


def _vocabulary(
    training: Sequence[_Document], spelling: list[str]
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The words of training, the most frequent first, and their ids by the earlier ones."""
    counts = np.zeros(len(spelling), np.int64)
    for document in training:
        counts += np.bincount(document.tokens, minlength=len(spelling))
    known = sorted(np.flatnonzero(counts).tolist(), key=lambda i: (-counts[i], spelling[i]))
    renumber = np.full(len(spelling), UNKNOWN, np.int32)
    renumber[known] = np.arange(1, len(known) + 1)
    return ("", *(spelling[i] for i in known)), renumber


def _cut(held: Sequence[_Document]) -> tuple[Blocks, NDArray[np.int32]]:
    """A role's documents one after the other, cut into blocks; each block's first document."""
    tokens = np.concatenate([document.tokens for document in held])
    sizes = [document.tokens.size for document in held]
    document = np.repeat(np.arange(len(held), dtype=np.int32), sizes)
    whole = tokens.size // BLOCK * BLOCK
    return tokens[:whole].reshape(-1, BLOCK), document[:whole:BLOCK]


def _spread(size: int, most: int | None) -> NDArray[np.int64]:
    """The blocks that are taken: all, or `most` of them at equal distances."""
    taken = size if most is None else min(size, most)
    return np.arange(taken, dtype=np.int64) * size // max(1, taken)


def _groups(
    names: list[str], document: NDArray[np.int32], least: int = 20
) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Each test block's group; groups of fewer than `least` blocks are judged together."""
    of_block = [names[d] for d in document]
    counts = Counter(of_block)
    large = sorted(name for name, count in counts.items() if count >= least)
    groups = (*large, "others") if len(large) < len(counts) else tuple(large)
    place = {name: i for i, name in enumerate(groups)}
    number = [place[name if counts[name] >= least else "others"] for name in of_block]
    return np.array(number, np.int32), groups
