"""A tokenizer made by code: words and single bytes, no training, no download."""

from __future__ import annotations

from pathlib import Path

import pytest


def word_tokenizer(path: Path) -> Path:
    """Writes a tokenizer.json that has a token for each byte and one for the end of a document."""
    tokenizers = pytest.importorskip("tokenizers")
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {"<eod>": 0} | {letter: n for n, letter in enumerate(alphabet, start=1)}
    merges = [("t", "i"), ("d", "e"), ("ti", "de"), ("l", "a"), ("n", "t")]
    for left, right in merges:
        vocabulary[left + right] = len(vocabulary)
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocabulary, merges))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.add_special_tokens(["<eod>"])
    made.save(str(path))
    return path
