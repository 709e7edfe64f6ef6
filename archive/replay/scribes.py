"""How a tier writes text as tokens and reads tokens as words: the seam between text and blocks.

Models see tokens. Tails are measured on words, whatever the tokens are: a small vocabulary of
pieces has no tail of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from archive.digest import canonical_json, sha256_hex
from archive.replay.tiers import Blocks

Ids = NDArray[np.int32]

UNKNOWN: Final = 0
"""The word of what no training text has, and of what is no word: no count of it is ever above 0."""

WORDS: Final[Mapping[str, Any]] = {"scribe": "words"}
"""The tokens of a tier that needs none but words."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text, its words as ids, and the bytes of each word with the space after it."""

    text: str
    words: Ids
    sizes: Ids


@dataclass(frozen=True, slots=True)
class Written:
    """A text as tokens: of each its id, the word that it belongs to, and its bytes."""

    tokens: Ids
    words: Ids
    sizes: Ids


@dataclass(frozen=True, slots=True)
class Words:
    """The words of blocks in reading order, and the block of each.

    Words that the vocabulary does not have are numbered from its length on.
    """

    ids: NDArray[np.int64]
    block: NDArray[np.int64]

    def first(self, count: int) -> Words:
        return Words(self.ids[:count], self.block[:count])


class Scribe(Protocol):
    """Writes documents as tokens and reads blocks of tokens."""

    @property
    def name(self) -> str:
        """Its own in SCRIBES."""
        ...

    @property
    def size(self) -> int:
        """Ids of tokens are below it."""
        ...

    @property
    def unknown(self) -> int | None:
        """The token that stands for text which cannot be written, where there is one."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of what decides the tokens, in hexadecimal."""
        ...

    def write(self, document: Document) -> Written: ...

    def words(self, blocks: Blocks) -> Words: ...

    def read(self, blocks: Blocks) -> list[str]:
        """The text of each block."""
        ...

    def save(self, folder: Path) -> None:
        """Writes what `load` needs beside the vocabulary."""
        ...


@dataclass(frozen=True, slots=True)
class WordScribe:
    """A token is a word."""

    vocabulary: tuple[str, ...]
    name = "words"

    @classmethod
    def make(
        cls, settings: Mapping[str, Any], vocabulary: tuple[str, ...], training: Sequence[str]
    ) -> WordScribe:
        return cls(vocabulary)

    @classmethod
    def load(cls, folder: Path, vocabulary: tuple[str, ...]) -> WordScribe:
        return cls(vocabulary)

    @property
    def size(self) -> int:
        return len(self.vocabulary)

    @property
    def unknown(self) -> int:
        return UNKNOWN

    @property
    def digest(self) -> str:
        return sha256_hex(canonical_json(list(self.vocabulary)))

    def write(self, document: Document) -> Written:
        return Written(document.words, document.words, document.sizes)

    def words(self, blocks: Blocks) -> Words:
        block = np.repeat(np.arange(len(blocks)), blocks.shape[1])
        return Words(blocks.ravel().astype(np.int64), block)

    def read(self, blocks: Blocks) -> list[str]:
        return [" ".join([self.vocabulary[i] for i in block]) for block in blocks.tolist()]

    def save(self, folder: Path) -> None:
        """The vocabulary is all there is."""


SCRIBES: Final = {
    "words": "archive.replay.scribes:WordScribe",
    "pieces": "archive.replay.opt.tokenizer:PieceScribe",
}
"""Scribe -> its class, imported when it is asked for."""


def make_scribe(
    settings: Mapping[str, Any], vocabulary: tuple[str, ...], training: Sequence[str]
) -> Scribe:
    """The scribe of a tier; whatever it learns, it learns from the training texts alone."""
    return cast(Scribe, _class(settings["scribe"]).make(settings, vocabulary, training))


def load_scribe(name: str, folder: Path, vocabulary: tuple[str, ...]) -> Scribe:
    return cast(Scribe, _class(name).load(folder, vocabulary))


def _class(name: str) -> Any:
    module, _, attribute = SCRIBES[name].partition(":")
    return getattr(import_module(module), attribute)
