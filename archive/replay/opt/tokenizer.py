"""Byte-level BPE: trained on generation 0's human text alone, or the one that a model came with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from archive.digest import sha256_hex
from archive.errors import UsageError
from archive.replay.scribes import UNKNOWN, Document, Words, Written
from archive.replay.texts import word_spans
from archive.replay.texts import words as words_of
from archive.replay.tiers import Blocks

END: Final = "</s>"
"""OPT's token before a text and after it; never part of one."""

FILE: Final = "tokenizer.json"


def train(texts: Sequence[str], size: int) -> Tokenizer:
    """A byte-level BPE of `size` pieces, id 0 of them END: it can write any text."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=[END], initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    return made


class PieceScribe:
    """A token is a piece of a word; words at the ends of a block may be cut, and do not count."""

    name = "pieces"
    unknown = None

    def __init__(self, tokenizer: Tokenizer, vocabulary: tuple[str, ...]) -> None:
        # A text that spells a special token means those letters.
        tokenizer.encode_special_tokens = True
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer, self._vocabulary = tokenizer, vocabulary

    @classmethod
    def make(
        cls, settings: Mapping[str, Any], vocabulary: tuple[str, ...], training: Sequence[str]
    ) -> PieceScribe:
        """By `size` one is trained on the training texts; by `folder` it is a given model's."""
        if "size" in settings:
            return cls(train(training, settings["size"]), vocabulary)
        return cls(given(Path(settings["folder"])), vocabulary)

    @classmethod
    def load(cls, folder: Path, vocabulary: tuple[str, ...]) -> PieceScribe:
        return cls(Tokenizer.from_file(str(folder / FILE)), vocabulary)

    def save(self, folder: Path) -> None:
        (folder / FILE).write_text(self._tokenizer.to_str(), encoding="utf-8")

    @property
    def size(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    @property
    def digest(self) -> str:
        return sha256_hex(self._tokenizer.to_str().encode())

    def write(self, document: Document) -> Written:
        """Each piece belongs to the word that its last character lies in, white space to none."""
        encoded = self._tokenizer.encode(document.text, add_special_tokens=False)
        tokens = np.array(encoded.ids, np.int32)
        ends = np.array([end for _, end in encoded.offsets], np.int64)
        bytes_before = np.fromiter(
            accumulate((len(c.encode("utf-8", "replace")) for c in document.text), initial=0),
            np.int64,
            len(document.text) + 1,
        )
        sizes = np.diff(bytes_before[ends], prepend=0)
        starts, stops = (np.array(at, np.int64) for at in word_spans(document.text))
        place = np.searchsorted(starts, ends - 1, side="right") - 1
        inside = (place >= 0) & (ends > 0)
        inside[inside] = ends[inside] <= stops[place[inside]]
        words = np.full(tokens.size, UNKNOWN, np.int32)
        words[inside] = document.words[place[inside]]
        return Written(tokens, words, sizes.astype(np.int32))

    def words(self, blocks: Blocks) -> Words:
        ids: list[int] = []
        block: list[int] = []
        others: dict[str, int] = {}
        for number, text in enumerate(self.read(blocks)):
            for word in words_of(text)[1:-1]:
                known = self._ids.get(word)
                if known is None:
                    known = others.setdefault(word, len(self._vocabulary) + len(others))
                ids.append(known)
                block.append(number)
        return Words(np.array(ids, np.int64), np.array(block, np.int64))

    def read(self, blocks: Blocks) -> list[str]:
        texts: list[str] = self._tokenizer.decode_batch(blocks.tolist(), skip_special_tokens=False)
        return texts

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self._vocabulary) if i != UNKNOWN}


def given(folder: Path) -> Tokenizer:
    """The tokenizer of a model's folder, whichever of the usual files holds it."""
    if (folder / FILE).is_file():
        return Tokenizer.from_file(str(folder / FILE))
    if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        read = models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt"))
        made = Tokenizer(read)
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        return made
    raise UsageError(
        f"no tokenizer in {folder}",
        next_step=f"add the model's {FILE}, or its vocab.json and merges.txt",
    )
