"""Texts made ready: words to numbers, documents to roles, roles to blocks of equal length.

What a block holds are the tokens of a tier; the words that they spell are kept beside those of the
test blocks, because tails are measured on words.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archive.digest import canonical_json
from archive.errors import UsageError
from archive.replay.roles import ROLES, Source, leave_out_shared, read, split
from archive.replay.scribes import (
    UNKNOWN,
    WORDS,
    Document,
    Ids,
    Scribe,
    Written,
    load_scribe,
    make_scribe,
)
from archive.replay.texts import Taken
from archive.replay.tiers import BLOCK, Blocks

MOST_TEST_BLOCKS: Final = 1000
MOST_VALIDATION_BLOCKS: Final = 300
LEAST_IN_GROUP: Final = 20
"""Test blocks of a group that is judged by itself."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a run reads: blocks by role, words and tokens, and the groups of the test blocks."""

    vocabulary: tuple[str, ...]  # the words of training, the most frequent first, from 1 on
    scribe: Scribe
    blocks: dict[str, Blocks]
    test_words: Ids  # of each test token its word, shape (blocks, BLOCK)
    test_document: Ids
    test_groups: Ids  # of each test block its place in `groups`, one row a kind of group
    groups: tuple[tuple[str, ...], ...]
    test_bytes: int
    test_unknown_bytes: int
    facts: dict[str, int]

    def save(self, folder: Path) -> None:
        arrays: dict[str, Any] = {f"role_{role}": held for role, held in self.blocks.items()}
        arrays |= {name: getattr(self, name) for name in _ARRAYS}
        np.savez(folder / "blocks.npz", **arrays)
        rest = {
            "scribe": self.scribe.name,
            "vocabulary": list(self.vocabulary),
            "groups": [list(names) for names in self.groups],
            "test_bytes": self.test_bytes,
            "test_unknown_bytes": self.test_unknown_bytes,
            "facts": self.facts,
        }
        (folder / "corpus.json").write_bytes(canonical_json(rest))
        self.scribe.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Corpus:
        rest = json.loads((folder / "corpus.json").read_bytes())
        vocabulary = tuple(rest["vocabulary"])
        with np.load(folder / "blocks.npz", allow_pickle=False) as saved:
            return cls(
                vocabulary=vocabulary,
                scribe=load_scribe(rest["scribe"], folder, vocabulary),
                blocks={role: saved[f"role_{role}"] for role in ROLES},
                groups=tuple(tuple(names) for names in rest["groups"]),
                **{name: saved[name] for name in _ARRAYS},
                **{name: rest[name] for name in ("test_bytes", "test_unknown_bytes", "facts")},
            )


_ARRAYS = ("test_words", "test_document", "test_groups")


def prepare(taken: Taken, tokens: Mapping[str, Any] = WORDS) -> Corpus:
    """Splits documents into roles by hash and cuts each role into blocks of a tier's tokens."""
    spelling, documents = read(taken)
    by_role = split(documents)
    shared = leave_out_shared(by_role)
    vocabulary, renumber = _vocabulary([*by_role["train"], *by_role["fresh"]], spelling)
    scribe = make_scribe(tokens, vocabulary, [held.text for held in by_role["train"]])
    lengths = np.array([len(word.encode("utf-8", "replace")) + 1 for word in spelling], np.int32)

    def write(held: Source) -> Written:
        return scribe.write(Document(held.text, renumber[held.tokens], lengths[held.tokens]))

    cut = {role: _cut([write(held) for held in texts]) for role, texts in by_role.items()}
    thin = {"test": MOST_TEST_BLOCKS, "validation": MOST_VALIDATION_BLOCKS}
    chosen = {role: _spread(len(held.tokens), thin.get(role)) for role, held in cut.items()}
    if min(map(len, chosen.values())) == 0:
        raise UsageError(
            f"too little text: some role has less than {BLOCK} tokens",
            next_step="give more text: a hundred thousand words is little",
        )
    test, at = cut["test"], chosen["test"]
    sizes, of_test = test.sizes[at], test.document[at]
    unknown = sizes[test.tokens[at] == scribe.unknown] if scribe.unknown is not None else sizes[:0]
    groups = _strata([held.groups for held in by_role["test"]], of_test)
    return Corpus(
        vocabulary=vocabulary,
        scribe=scribe,
        blocks={role: held.tokens[chosen[role]] for role, held in cut.items()},
        test_words=test.words[at],
        test_document=of_test,
        test_groups=np.array([number for number, _ in groups], np.int32),
        groups=tuple(names for _, names in groups),
        test_bytes=int(sizes.sum()),
        test_unknown_bytes=int(unknown.sum()),
        facts=_facts(taken, documents, by_role, cut, shared),
    )


def _facts(
    taken: Taken,
    documents: Sequence[Source],
    by_role: Mapping[str, Sequence[Source]],
    cut: Mapping[str, _Cut],
    shared: int,
) -> dict[str, int]:
    """What there was, and what became of it."""
    return {
        "documents": len(documents),
        "words": sum(held.tokens.size for held in documents),
        "tokens after the last whole block": sum(held.left_over for held in cut.values()),
        "evaluation documents that share text with training": shared,
        **{f"documents in {role}": len(held) for role, held in by_role.items()},
        **{f"left out: {why}": count for why, count in taken.left_out.items()},
    }


def _vocabulary(
    training: Sequence[Source], spelling: list[str]
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The words of training, the most frequent first, and their ids by the earlier ones."""
    counts = np.zeros(len(spelling), np.int64)
    for document in training:
        counts += np.bincount(document.tokens, minlength=len(spelling))
    known = sorted(np.flatnonzero(counts).tolist(), key=lambda i: (-counts[i], spelling[i]))
    renumber = np.full(len(spelling), UNKNOWN, np.int32)
    renumber[known] = np.arange(1, len(known) + 1)
    return ("", *(spelling[i] for i in known)), renumber


@dataclass(frozen=True, slots=True)
class _Cut:
    """A role as blocks: arrays of shape (blocks, BLOCK), and each block's first document."""

    tokens: Blocks
    words: Ids
    sizes: Ids
    document: Ids
    left_over: int


def _cut(held: Sequence[Written]) -> _Cut:
    """A role's documents one after the other, cut into blocks."""
    lengths = [written.tokens.size for written in held]
    document = np.repeat(np.arange(len(held), dtype=np.int32), lengths)
    whole = sum(lengths) // BLOCK * BLOCK

    def blocks(field: str) -> Ids:
        joined = np.concatenate([getattr(written, field) for written in held])
        shaped: Ids = joined[:whole].reshape(-1, BLOCK)
        return shaped

    first = document[:whole:BLOCK]
    return _Cut(blocks("tokens"), blocks("words"), blocks("sizes"), first, sum(lengths) - whole)


def _spread(size: int, most: int | None) -> NDArray[np.int64]:
    """The blocks that are taken: all, or `most` of them at equal distances."""
    taken = size if most is None else min(size, most)
    return np.arange(taken, dtype=np.int64) * size // max(1, taken)


def _strata(
    of_document: Sequence[tuple[str, str]], document: Ids
) -> list[tuple[Ids, tuple[str, ...]]]:
    """The kinds of groups that test blocks fall into: files or hosts and, where two are known,
    languages. Of each the group of every block, and the groups' names."""
    kinds = [_groups([group for group, _ in of_document], document, "others")]
    languages = [f"language {language or 'unknown'}" for _, language in of_document]
    numbers, names = _groups(languages, document, "other languages")
    return [*kinds, (numbers, names)] if len(names) > 1 else kinds


def _groups(names: list[str], document: Ids, rest: str) -> tuple[Ids, tuple[str, ...]]:
    """Each test block's group; groups of few blocks are judged together, as `rest`."""
    of_block = [names[d] for d in document]
    counts = Counter(of_block)
    large = sorted(name for name, count in counts.items() if count >= LEAST_IN_GROUP)
    groups = (*large, rest) if len(large) < len(counts) else tuple(large)
    place = {name: i for i, name in enumerate(groups)}
    number = [place[name if counts[name] >= LEAST_IN_GROUP else rest] for name in of_block]
    return np.array(number, np.int32), groups
