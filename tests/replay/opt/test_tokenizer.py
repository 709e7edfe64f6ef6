"""Pieces: any text comes back, each piece belongs to its word, and only training text is learnt."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import UsageError
from archive.replay.corpus import Corpus, prepare
from archive.replay.opt import tokenizer
from archive.replay.opt.tokenizer import END, PieceScribe, train
from archive.replay.opt.tokenizer import given as given_tokenizer
from archive.replay.roles import ROLES, read, split
from archive.replay.scribes import UNKNOWN, Document
from archive.replay.texts import words
from tests.replay.made import taken

LEARNT = ["the cat sat on the mat, the cat's hat", "naïve 今日は हिन्दी", END]
PIECES = {"scribe": "pieces", "size": 400}


@lru_cache(maxsize=4)
def scribe(vocabulary: tuple[str, ...] = ("",)) -> PieceScribe:
    return PieceScribe.make(PIECES, vocabulary, LEARNT)


def document(text: str) -> Document:
    found = words(text)
    ids = np.arange(1, len(found) + 1, dtype=np.int32)
    return Document(text, ids, np.ones(len(found), np.int32))


ANYTHING = st.text(st.characters(exclude_categories=["Cs"]))
TEXTS = st.one_of(
    ANYTHING, st.lists(st.sampled_from([*LEARNT, " ", "\n", "ist", "é"])).map("".join)
)


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_any_text_comes_back_and_bytes_add_up(text: str) -> None:
    held = scribe()
    written = held.write(document(text))
    assert held.read(written.tokens[None])[0] == text
    assert int(written.sizes.sum()) == len(text.encode())
    assert not (written.tokens == 0).any(), "the end of a text is never inside one"


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_every_word_has_its_pieces_and_white_space_has_none(text: str) -> None:
    written = scribe().write(document(text))
    named = written.words[written.words != UNKNOWN]
    assert (np.diff(named) >= 0).all()
    merged = set(named.tolist())
    # A piece that ends one word may hold all of the one before it, as in marks that stand together.
    assert merged <= set(range(1, len(words(text)) + 1))
    if text.isspace():
        assert not merged


def test_a_piece_belongs_to_the_word_that_it_spells() -> None:
    held = scribe()
    written = held.write(document("the mat, cat"))
    pieces = [held.read(np.array([[token]]))[0] for token in written.tokens]
    by_word = {
        word: "".join(p for p, w in zip(pieces, written.words, strict=True) if w == number).strip()
        for number, word in enumerate(words("the mat, cat"), start=1)
    }
    assert all(word == spelt for word, spelt in by_word.items())


def test_words_at_the_ends_of_a_block_do_not_count() -> None:
    held = scribe(("", "cat", "sat", "the"))
    (block,) = (held.write(document("mat the cat sat zebra the mat")).tokens[None],)
    found = held.words(block)
    assert found.ids.tolist() == [3, 1, 2, 4, 3], "unknown words are numbered from 4 on"
    assert set(found.block.tolist()) == {0}


def test_the_tokenizer_learns_from_the_training_role_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    learnt: list[str] = []

    def spy(texts: list[str], size: int) -> object:
        learnt.extend(texts)
        return train(texts, size)

    monkeypatch.setattr(tokenizer, "train", spy)
    prepare(taken(), PIECES)
    by_role = split(read(taken())[1])
    assert sorted(learnt) == sorted(held.text for held in by_role["train"])
    others = {held.text for role in ROLES if role != "train" for held in by_role[role]}
    assert not others & set(learnt)


def test_a_corpus_of_pieces_that_was_saved_is_the_same(tmp_path: Path) -> None:
    corpus = prepare(taken(), PIECES)
    corpus.save(tmp_path)
    loaded = Corpus.load(tmp_path)
    assert loaded.scribe.digest == corpus.scribe.digest
    block = corpus.blocks["test"][:3]
    assert loaded.scribe.read(block) == corpus.scribe.read(block)
    assert corpus.test_unknown_bytes == 0
    assert corpus.test_bytes == len("".join(corpus.scribe.read(corpus.blocks["test"])).encode())


def test_every_tier_splits_the_same_texts_alike() -> None:
    by_words, by_pieces = prepare(taken()), prepare(taken(), PIECES)
    for role in ("train", "test"):
        key = f"documents in {role}"
        assert by_words.facts[key] == by_pieces.facts[key]
    assert by_words.vocabulary == by_pieces.vocabulary


def test_a_model_s_own_tokenizer_is_read_from_either_of_its_forms(tmp_path: Path) -> None:
    made = train(LEARNT, 300)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    made.save(str(tmp_path / "one" / "tokenizer.json"))
    made.model.save(str(tmp_path / "two"))
    a, b = (given_tokenizer(tmp_path / name) for name in ("one", "two"))
    assert a.encode(LEARNT[0]).ids == b.encode(LEARNT[0]).ids
    with pytest.raises(UsageError, match="no tokenizer"):
        given_tokenizer(tmp_path)
